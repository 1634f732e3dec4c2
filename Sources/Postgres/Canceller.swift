import CLibPQ

/// Ends the statement that a connection is running, from another thread.
package final class Canceller: @unchecked Sendable {
    // Sendable holds: PQcancel is documented as safe from any thread, and the handle is read only.
    private let handle: OpaquePointer

    /// Nil when the connection is closed.
    package init?(_ connection: Connection) {
        guard let handle = PQgetCancel(connection.handle) else { return nil }
        self.handle = handle
    }

    deinit { PQfreeCancel(handle) }

    /// Asks the server; the statement, if one is running, fails with SQLSTATE 57014.
    package func cancel() {
        var reason = [CChar](repeating: 0, count: 256)
        _ = PQcancel(handle, &reason, Int32(reason.count))
    }
}
