extension BrokerSettings {
    /// A host and a port, to listen on or to connect to.
    package struct Address: Sendable, Equatable, CustomStringConvertible {
        /// An address or a name; empty for every address of the machine.
        package var host: String
        package var port: UInt16

        package init(host: String = "127.0.0.1", port: UInt16) {
            self.host = host
            self.port = port
        }

        /// Reads `127.0.0.1:9092`, `name:9092`, `[::1]:9092` or `:9092`; `localhost` is 127.0.0.1, because that is where
        /// we listen.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            var host = String(text[..<colon])
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
                guard host.contains(":"), host.utf8.allSatisfy(Self.isSixth) else { return nil }
            } else {
                guard host.utf8.count <= 255, host.utf8.allSatisfy(Self.isHost) else { return nil }
                // What looks like four numbers must be four numbers.
                let parts = host.split(separator: ".", omittingEmptySubsequences: false)
                if let last = parts.last, !last.isEmpty, last.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
                    guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { return nil }
                }
            }
            self.init(host: host == "localhost" ? "127.0.0.1" : host, port: port)
        }

        package var isWildcard: Bool { host.isEmpty || host == "0.0.0.0" || host == "::" }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

        private static func isHost(_ byte: UInt8) -> Bool {
            byte >= 48 && byte <= 57 || byte | 0x20 >= 97 && byte | 0x20 <= 122 || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }

        private static func isSixth(_ byte: UInt8) -> Bool {
            byte >= 48 && byte <= 57 || byte | 0x20 >= 97 && byte | 0x20 <= 102 || byte == UInt8(ascii: ":")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "%")
        }
    }
}
