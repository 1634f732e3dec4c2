import Glibc

/// A listening socket.
struct Listener {
    let descriptor: Int32
    let port: UInt16

    init(address: String, port: UInt16) throws(ServerError) {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        let isMade = withUnsafeMutableBytes(of: &storage) { bytes -> Bool in
            guard let base = bytes.baseAddress else { return false }
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            if inet_pton(AF_INET, address, &v4.sin_addr) == 1 {
                base.storeBytes(of: v4, as: sockaddr_in.self)
                length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return true
            }
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 else { return false }
            base.storeBytes(of: v6, as: sockaddr_in6.self)
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            return true
        }
        guard isMade else { throw ServerError(description: "\(address) is not an IPv4 or IPv6 address") }
        let descriptor = socket(
            Int32(storage.ss_family),
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw Self.failure("no socket", address, port) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard status == 0, listen(descriptor, 1024) == 0 else {
            let error = Self.failure("cannot listen", address, port)
            close(descriptor)
            throw error
        }
        var bound = sockaddr_storage()
        var boundLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &boundLength) }
        }
        // The port lies at the same place in both families.
        self.port = Swift.withUnsafeBytes(of: &bound) {
            UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
        self.descriptor = descriptor
    }

    private static func failure(_ what: String, _ address: String, _ port: UInt16) -> ServerError {
        let reason = String(cString: strerror(errno))
        return ServerError(description: "\(what) on \(address):\(port): \(reason)")
    }
}
