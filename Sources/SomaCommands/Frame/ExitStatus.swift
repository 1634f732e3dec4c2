/// How a command ended, as the shell sees it.
package struct ExitStatus: RawRepresentable, Sendable, Hashable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let success = Self(rawValue: 0)
    package static let failure = Self(rawValue: 1)
    package static let usage = Self(rawValue: 2)
    /// Two things that should be the same are not.
    package static let differences = Self(rawValue: 3)
    package static let notFound = Self(rawValue: 4)
    /// Something runs, but not well: lag, a failed check.
    package static let unhealthy = Self(rawValue: 5)
    package static let notAuthorised = Self(rawValue: 6)
    package static let timedOut = Self(rawValue: 124)
    package static let interrupted = Self(rawValue: 130)
}
