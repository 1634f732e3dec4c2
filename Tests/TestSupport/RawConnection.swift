import Glibc

/// A TCP connection of a test, for bytes that no proper client would send.
package final class RawConnection: Sendable {
    private let descriptor: Int32

    package init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw ChildProcess.Failure(description: "connect to port \(port): errno \(errno)") }
        // No test waits longer for bytes that do not come.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    package func send(_ text: String) { send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// What comes next, up to 64 KiB; empty at the end, after a reset, or after ten seconds of silence.
    package func receive() -> String {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &block, block.count, 0)
        return String(decoding: block.prefix(max(0, count)), as: UTF8.self)
    }

    /// All that comes until the text has come, or the end.
    package func receive(until text: String) -> String {
        var all = ""
        while !all.contains(text) {
            let more = receive()
            if more.isEmpty { break }
            all += more
        }
        return all
    }

    package func receiveAll() -> String {
        var all = ""
        while true {
            let more = receive()
            if more.isEmpty { return all }
            all += more
        }
    }

    /// Sends a reset instead of a proper end.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }
}
