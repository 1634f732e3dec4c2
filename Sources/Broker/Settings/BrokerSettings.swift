package import CommitLog
package import EventLoop

/// The settings of a broker, checked; `table` says which there are.
package struct BrokerSettings: Sendable {
    /// Where the broker listens.
    package struct Address: Sendable, Equatable, CustomStringConvertible {
        /// IPv4, host order.
        package var host: UInt32
        package var port: UInt16

        package static let loopback: UInt32 = 0x7f00_0001

        package init(host: UInt32 = loopback, port: UInt16) {
            self.host = host
            self.port = port
        }

        /// Reads `127.0.0.1:9092`; `localhost` is 127.0.0.1, because that is where we listen.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
                let host = Self.ipv4(String(text[..<colon]))
            else { return nil }
            self.init(host: host, port: port)
        }

        package var hostText: String { "\(host >> 24).\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255)" }
        package var description: String { "\(hostText):\(port)" }

        private static func ipv4(_ text: String) -> UInt32? {
            if text == "localhost" { return loopback }
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
            guard parts.count == 4 else { return nil }
            var value: UInt32 = 0
            for part in parts {
                guard let part else { return nil }
                value = value << 8 | UInt32(part)
            }
            return value
        }
    }

    package var dataDirectory: String
    package var listen: Address
    /// What was set, by key; everything else has its default.
    package let overrides: [String: String]
    /// What was changed since, which holds over what was set.
    package var changes = SettingChanges()

    /// Checks the settings.
    ///
    /// - Throws: `SettingsProblem` with all that is wrong, one line each.
    package init(
        dataDirectory: String,
        listen: Address = Address(port: 9092),
        _ overrides: [String: String] = [:]
    ) throws(SettingsProblem) {
        self.dataDirectory = dataDirectory
        self.listen = listen
        self.overrides = overrides
        var problems: [String] = []
        for (key, value) in overrides.sorted(by: { $0.key < $1.key }) {
            if let definition = Self.byKey[key] {
                if let problem = definition.problem(with: value) { problems.append("\(key): \(problem)") }
            } else {
                let hint = NearestName.of(key, in: Self.table.map(\.key)).map { "; did you mean \($0)?" } ?? ""
                problems.append("\(key): unknown setting\(hint)")
            }
        }
        if !problems.isEmpty { throw SettingsProblem(lines: problems) }
        if let text = overrides["advertised.listeners"], !text.isEmpty, advertised(port: 1) == nil {
            throw SettingsProblem(lines: ["advertised.listeners: '\(text)' is not [PLAINTEXT://]host:port"])
        }
    }

    package func text(_ key: String) -> String {
        guard let definition = Self.byKey[key] else { preconditionFailure("no broker setting \(key)") }
        return changes.effective[key] ?? overrides[key] ?? definition.defaultValue
    }

    package func integer(_ key: String) -> Int64 { Int64(text(key)) ?? 0 }
    package func int(_ key: String) -> Int { Int(clamping: integer(key)) }
    package func flag(_ key: String) -> Bool { text(key) == "true" }

    package var nodeID: Int32 { Int32(clamping: integer("node.id")) }

    /// `log.retention.ms`, or the minutes or hours when only those are set.
    package var retentionMilliseconds: Int64 {
        for (key, factor) in [
            ("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000),
        ]
        where changes.effective[key] ?? overrides[key] != nil {
            let value = integer(key)
            return value < 0
                ? -1 : value.multipliedReportingOverflow(by: Int64(factor)).overflow ? -1 : value * Int64(factor)
        }
        return integer("log.retention.ms")
    }

    /// What clients are told to connect to.
    package func advertised(port: UInt16) -> (host: String, port: Int32)? {
        var text = text("advertised.listeners")
        guard !text.isEmpty else {
            // Nobody can connect to the wildcard address.
            return (listen.host == 0 ? "127.0.0.1" : listen.hostText, Int32(port))
        }
        if let scheme = text.range(of: "://") { text = String(text[scheme.upperBound...]) }
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let number = UInt16(text[text.index(after: colon)...])
        else { return nil }
        return (String(text[..<colon]), Int32(number == 0 ? port : number))
    }

    package var serverLimits: ServerLimits {
        var limits = ServerLimits()
        limits.frameBytesMax = int("socket.request.max.bytes")
        limits.connectionsMax = int("max.connections")
        let idle = integer("connections.max.idle.ms")
        limits.idleMilliseconds = idle < 0 ? Int64.max / 2 : idle
        return limits
    }

    package var logDirectory: LogDirectorySettings {
        var settings = LogDirectorySettings()
        let cache = int("log.cache.bytes")
        settings.cacheBytes = cache >= 0 ? cache : min(MachineMemory.byteCount / 8, 1 << 30)
        settings.readerThreads = int("num.io.threads")
        settings.pendingByteLimit = int("queued.max.request.bytes")
        settings.usesDirectIO = flag("log.direct.io")
        settings.cleaner.isEnabled = flag("log.cleaner.enable")
        settings.cleaner.keyBytesMax = int("log.cleaner.dedupe.buffer.size")
        settings.cleaner.pauseMilliseconds = integer("log.cleaner.backoff.ms")
        settings.cleaner.bytesPerSecond = int("log.cleaner.io.max.bytes.per.second")
        // Their owners write them anew when they have grown, from what they hold in memory.
        settings.cleaner.excludedTopics = [TopicName.consumerOffsets, "__transaction_state"]
        return settings
    }
}

/// Why settings are refused: all reasons at once.
package struct SettingsProblem: Error, Sendable, CustomStringConvertible {
    package let lines: [String]

    package var description: String { lines.joined(separator: "\n") }
}

extension String {
    /// The first place where `needle` is.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
