private import CLinux
private import Glibc

/// A bound TCP socket at which clients may wait already; give it to `SocketServer.serve` or `close` it.
package struct ListeningSocket: Sendable {
    let descriptor: Int32
    /// The port, which matters when 0 was asked for.
    package let port: UInt16

    /// Binds an address, or the first one that a host name stands for.
    ///
    /// An empty host is every address of the machine, of IPv6 and IPv4 where there is both.
    package init(host: String, port: UInt16, backlog: Int32 = 1024) throws(EventLoopError) {
        var lookup: Int32 = 0
        descriptor = soma_listen(host, port, backlog, &lookup)
        guard descriptor >= 0 else {
            let operation = "listen on \(host.contains(":") ? "[\(host)]" : host):\(port)"
            let code = errno
            guard lookup != 0 else { throw EventLoopError(operation, code: code) }
            throw EventLoopError("\(operation): \(String(cString: gai_strerror(lookup)))", code: EADDRNOTAVAIL)
        }
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
}
