/// How much a line matters, by what the operator does about it.
package enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    /// The rest.
    case debug
    /// A change of state.
    case info
    /// Look at it today.
    case warning
    /// Act now: data or service is at risk.
    case error

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// The level of that name, or nil; for settings and flags.
    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}
