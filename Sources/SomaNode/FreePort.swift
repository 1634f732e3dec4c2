private import CLinux
private import Glibc

/// Ports of the loopback address.
package enum FreePort {
    /// A port that nobody listens on at this moment.
    package static func find() throws -> UInt16 {
        var lookup: Int32 = 0
        let descriptor = soma_listen("127.0.0.1", 0, 1, &lookup)
        guard descriptor >= 0 else { throw Files.Failure("listen on", "127.0.0.1") }
        defer { close(descriptor) }
        guard let port = UInt16(exactly: soma_local_port(descriptor)) else {
            throw Files.Failure("listen on", "127.0.0.1")
        }
        return port
    }

    /// Whether nobody listens there.
    package static func isFree(_ port: UInt16) -> Bool {
        var lookup: Int32 = 0
        let descriptor = soma_listen("127.0.0.1", port, 1, &lookup)
        guard descriptor >= 0 else { return errno != EADDRINUSE }
        close(descriptor)
        return true
    }
}
