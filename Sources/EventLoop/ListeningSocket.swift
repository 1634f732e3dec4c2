private import CLinux
private import Glibc

/// A bound TCP socket at which clients may wait already; give it to `SocketServer.serve` or `close` it.
package struct ListeningSocket: Sendable {
    let descriptor: Int32
    /// The port, which matters when 0 was asked for.
    package let port: UInt16

    /// Binds an IPv4 address (host order).
    package init(address: UInt32, port: UInt16, backlog: Int32 = 1024) throws(EventLoopError) {
        descriptor = soma_listen_ipv4(address, port, backlog)
        guard descriptor >= 0 else { throw EventLoopError("listen on \(Self.text(address, port))", code: errno) }
        let bound = soma_local_port(descriptor)
        guard bound >= 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw EventLoopError("getsockname", code: code)
        }
        self.port = UInt16(truncatingIfNeeded: bound)
    }

    /// Lets a socket go that was never served.
    package func close() { Glibc.close(descriptor) }

    static func text(_ address: UInt32, _ port: UInt16) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255):\(port)"
    }
}
