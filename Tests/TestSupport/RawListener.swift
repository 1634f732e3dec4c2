import Glibc

/// A server of a test that reads a request's head, sends fixed bytes and hangs up.
package final class RawListener: Sendable {
    package let port: UInt16
    private let descriptor: Int32

    /// Listens on a free port of the loopback.
    ///
    /// - Parameters:
    ///   - answer: What each connection gets; nil: connections are accepted by the kernel and never answered.
    ///   - hangsUp: Whether the connection is closed after the answer.
    /// - Throws: `ChildProcess.Failure` when there is no port.
    package init(answer: String?, hangsUp: Bool = true) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | listen(descriptor, 64) | getsockname(descriptor, address, &length)
            }
        }
        guard status == 0 else { throw ChildProcess.Failure(description: "listen: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        self.descriptor = descriptor
        guard let answer else { return }
        spawnThread {
            while true {
                let peer = accept(descriptor, nil, nil)
                guard peer >= 0 else { return }
                var head = ""
                var block = [UInt8](repeating: 0, count: 4096)
                while !head.contains("\r\n\r\n") {
                    let count = recv(peer, &block, block.count, 0)
                    guard count > 0 else { break }
                    head += String(decoding: block.prefix(count), as: UTF8.self)
                }
                _ = send(peer, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
                // Kept open it ends with the process.
                if hangsUp { close(peer) }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
