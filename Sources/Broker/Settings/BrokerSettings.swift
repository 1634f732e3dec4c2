package import CommitLog
package import EventLoop

/// The settings of a broker, checked; `table` says which there are.
package struct BrokerSettings: Sendable {
    package var dataDirectory: String
    /// Where the broker listens, at least one place.
    package let listeners: [ListenerSettings]
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
        self.overrides = overrides
        var problems: [String] = []
        for (key, value) in overrides.sorted(by: { $0.key < $1.key }) {
            if let definition = Self.byKey[key] ?? Self.listenerKey(key)?.definition {
                guard let problem = definition.problem(with: value) else { continue }
                problems.append(definition.isSecret ? "\(key): the value does not fit" : "\(key): \(problem)")
            } else {
                let hint = NearestName.of(key, in: Self.table.map(\.key)).map { "; did you mean \($0)?" } ?? ""
                problems.append("\(key): unknown setting\(hint)")
            }
        }
        if !problems.isEmpty { throw SettingsProblem(lines: problems) }
        func given(_ key: String) -> String { overrides[key] ?? Self.byKey[key]?.defaultValue ?? "" }
        listeners = try ListenerSettings.read(
            listeners: given("listeners"),
            advertised: given("advertised.listeners"),
            protocols: given("listener.security.protocol.map"),
            short: listen
        )
        if !given("metrics.listener").isEmpty, Address(given("metrics.listener")) == nil {
            throw SettingsProblem(lines: ["metrics.listener: '\(given("metrics.listener"))' is not host:port"])
        }
        for key in overrides.keys.sorted() {
            guard let (name, _) = Self.listenerKey(key), !listeners.contains(where: { $0.name == name }) else {
                continue
            }
            throw SettingsProblem(lines: ["\(key): there is no listener \(name)"])
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

    package var serverLimits: ServerLimits {
        var limits = ServerLimits()
        limits.frameBytesMax = int("socket.request.max.bytes")
        limits.inboxBytesMax = int("queued.max.request.bytes")
        limits.connectionsMax = int("max.connections")
        let idle = integer("connections.max.idle.ms")
        limits.idleMilliseconds = idle < 0 ? Int64.max / 2 : idle
        return limits
    }

    package var logDirectory: LogDirectorySettings {
        var settings = LogDirectorySettings()
        let cache = int("log.cache.bytes")
        settings.cacheBytes = cache >= 0 ? cache : min(MachineMemory.byteCount / 8, 512 << 20)
        settings.readerThreads = int("num.io.threads")
        settings.pendingByteLimit = int("queued.max.request.bytes")
        settings.usesDirectIO = flag("log.direct.io")
        settings.cleaner.isEnabled = flag("log.cleaner.enable")
        settings.cleaner.keyBytesMax = int("log.cleaner.dedupe.buffer.size")
        settings.cleaner.pauseMilliseconds = integer("log.cleaner.backoff.ms")
        settings.cleaner.bytesPerSecond = int("log.cleaner.io.max.bytes.per.second")
        // Their owners write them anew when they have grown, from what they hold in memory.
        return settings
    }
}

/// Why settings are refused: all reasons at once.
package struct SettingsProblem: Error, Sendable, CustomStringConvertible {
    package let lines: [String]

    package var description: String { lines.joined(separator: "\n") }
}
