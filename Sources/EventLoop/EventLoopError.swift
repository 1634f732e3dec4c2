private import CLinux
private import Glibc

/// A system call that the event loop or a socket needs has failed.
package struct EventLoopError: Error, Equatable, Sendable, CustomStringConvertible {
    package let operation: String
    package let code: Int32

    package init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// The address is taken by another process.
    package var isAddressInUse: Bool { code == EADDRINUSE }

    package var description: String { "\(operation): \(String(cString: strerror(code)))" }
}
