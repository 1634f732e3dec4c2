package import CommitLog
private import Compression

/// The settings of one topic: what was set on it, over the broker's settings, over the defaults.
package struct TopicConfigs: Sendable, Equatable {
    /// What was set on the topic, by key.
    package private(set) var overrides: [String: String]

    package init(_ overrides: [String: String] = [:]) { self.overrides = overrides }

    private static let anySize: ClosedRange<Int64> = 0...Int64.max
    private static let orUnlimited: ClosedRange<Int64> = -1...Int64.max

    /// Every setting of a topic, under Kafka's names.
    package static let table: [SettingDefinition] = [
        .init(
            "cleanup.policy",
            .list(["delete", "compact"]),
            "delete",
            "What becomes of old data.",
            broker: "log.cleanup.policy"
        ),
        .init(
            "compression.type",
            .choice(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
            "producer",
            "What records are stored in: as the producer sent them, or packed anew.",
            broker: "compression.type"
        ),
        .init(
            "delete.retention.ms",
            .integer(anySize),
            "86400000",
            "Time that tombstones stay in a compacted topic, from the first round that meets them.",
            broker: "log.cleaner.delete.retention.ms"
        ),
        .init("file.delete.delay.ms", .integer(anySize), "60000", "Time between removing a file and freeing it."),
        .init("flush.messages", .integer(1...Int64.max), "9223372036854775807", "See log.flush."),
        .init("flush.ms", .integer(anySize), "9223372036854775807", "See log.flush."),
        .init(
            "index.interval.bytes",
            .integer(0...Int64(Int32.max)),
            "4096",
            "Bytes between index entries.",
            broker: "log.index.interval.bytes"
        ),
        .init(
            "log.flush",
            .choice(["always", "interval", "os"]),
            "always",
            "When data is on disk; not in Kafka.",
            broker: "log.flush"
        ),
        .init(
            "max.compaction.lag.ms",
            .integer(1...Int64.max),
            "9223372036854775807",
            "Older records are compacted whatever their share.",
            broker: "log.cleaner.max.compaction.lag.ms"
        ),
        .init(
            "max.message.bytes",
            .integer(0...Int64(Int32.max)),
            "1048588",
            "Largest record batch.",
            broker: "message.max.bytes"
        ),
        .init(
            "message.timestamp.type",
            .choice(["CreateTime", "LogAppendTime"]),
            "CreateTime",
            "Whose clock records carry.",
            broker: "log.message.timestamp.type"
        ),
        .init(
            "message.timestamp.before.max.ms",
            .integer(anySize),
            "9223372036854775807",
            "How far behind the broker's clock the times of a client may be (CreateTime); others are refused.",
            broker: "log.message.timestamp.before.max.ms"
        ),
        .init(
            "message.timestamp.after.max.ms",
            .integer(anySize),
            "3600000",
            "How far ahead of the broker's clock the times of a client may be (CreateTime); others are refused.",
            broker: "log.message.timestamp.after.max.ms"
        ),
        .init(
            "min.cleanable.dirty.ratio",
            .number(0...1),
            "0.5",
            "Share of bytes that no round has seen which is worth a round.",
            broker: "log.cleaner.min.cleanable.ratio"
        ),
        .init(
            "min.compaction.lag.ms",
            .integer(anySize),
            "0",
            "Younger records are not compacted.",
            broker: "log.cleaner.min.compaction.lag.ms"
        ),
        .init(
            "min.insync.replicas",
            .integer(1...Int64(Int32.max)),
            "1",
            "Copies that acks=all asks for.",
            broker: "min.insync.replicas"
        ),
        .init("preallocate", .flag, "false", "Files are always laid out ahead."),
        .init(
            "retention.bytes",
            .integer(orUnlimited),
            "-1",
            "Keep so many bytes per partition.",
            broker: "log.retention.bytes"
        ),
        .init(
            "retention.ms",
            .integer(orUnlimited),
            "604800000",
            "Keep data this long.",
            broker: "log.retention.ms"
        ),
        .init(
            "segment.bytes",
            .integer(1024...Int64(Int32.max)),
            "1073741824",
            "Size of a log file.",
            broker: "log.segment.bytes"
        ),
        .init("segment.index.bytes", .integer(4...Int64(Int32.max)), "10485760", "Size of an index file."),
        .init("segment.jitter.ms", .integer(anySize), "0", "Begin a new log file up to so much earlier, by chance."),
        .init(
            "segment.ms",
            .integer(1...Int64.max),
            "604800000",
            "Begin a new log file after this time.",
            broker: "log.roll.ms"
        ),
        .init("unclean.leader.election.enable", .flag, "false", "Has no effect on one node."),
        .init("leader.replication.throttled.replicas", .list([]), "", "Has no effect on one node."),
        .init("follower.replication.throttled.replicas", .list([]), "", "Has no effect on one node."),
    ]

    package static let byKey = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0) })

    /// What is wrong with setting `key` to `value`, nil when nothing is.
    package static func problem(_ key: String, _ value: String) -> String? {
        guard let definition = byKey[key] else {
            let hint = NearestName.of(key, in: table.map(\.key)).map { "; did you mean \($0)?" } ?? ""
            return "Unknown topic config name: \(key)\(hint)"
        }
        if let problem = definition.problem(with: value) { return "Invalid value for configuration \(key): \(problem)" }
        if key == "cleanup.policy", SettingDefinition.items(value).isEmpty { return "cleanup.policy is empty" }
        return nil
    }

    /// The broker settings whose value a topic takes that has none of its own, the one that wins first.
    static func brokerKeys(of definition: SettingDefinition) -> [String] {
        guard let key = definition.brokerKey else { return [] }
        return key == "log.retention.ms" ? [key, "log.retention.minutes", "log.retention.hours"] : [key]
    }

    package mutating func set(_ key: String, _ value: String?) { overrides[key] = value }

    /// The value that holds.
    package func value(_ key: String, _ broker: BrokerSettings) -> String {
        if let value = overrides[key] { return value }
        guard let definition = Self.byKey[key] else { preconditionFailure("no topic setting \(key)") }
        if key == "retention.ms" { return String(broker.retentionMilliseconds) }
        guard let brokerKey = definition.brokerKey else { return definition.defaultValue }
        return broker.text(brokerKey)
    }

    package func integer(_ key: String, _ broker: BrokerSettings) -> Int64 { Int64(value(key, broker)) ?? 0 }

    package func isCompacted(_ broker: BrokerSettings) -> Bool {
        SettingDefinition.items(value("cleanup.policy", broker)).contains("compact")
    }

    /// The codec of a `compression.type`; nil leaves it to the producer.
    private static func codec(_ name: String) -> CompressionCodec? {
        name == "uncompressed"
            ? CompressionCodec.none : CompressionCodec.allCases.first { $0 != .none && $0.name == name }
    }

    /// What the log needs to know.
    package func partitionSettings(_ broker: BrokerSettings) -> PartitionSettings {
        var settings = PartitionSettings()
        settings.segmentBytes = Int(clamping: integer("segment.bytes", broker))
        settings.segmentMilliseconds = integer("segment.ms", broker)
        settings.indexIntervalBytes = Int(clamping: integer("index.interval.bytes", broker))
        settings.maxMessageBytes = Int(clamping: integer("max.message.bytes", broker))
        let retention = integer("retention.ms", broker)
        settings.retentionMilliseconds = retention < 0 ? nil : retention
        let bytes = integer("retention.bytes", broker)
        settings.retentionBytes = bytes < 0 ? nil : bytes
        settings.timestampType =
            value("message.timestamp.type", broker) == "LogAppendTime" ? .logAppendTime : .createTime
        settings.segmentJitterMilliseconds = integer("segment.jitter.ms", broker)
        settings.timestampBeforeMaxMilliseconds = integer("message.timestamp.before.max.ms", broker)
        settings.timestampAfterMaxMilliseconds = integer("message.timestamp.after.max.ms", broker)
        settings.compression = Self.codec(value("compression.type", broker))
        settings.deletesOldSegments = SettingDefinition.items(value("cleanup.policy", broker)).contains("delete")
        settings.isCompacted = isCompacted(broker)
        settings.minCleanableDirtyRatio = Double(value("min.cleanable.dirty.ratio", broker)) ?? 0.5
        settings.minCompactionLagMilliseconds = integer("min.compaction.lag.ms", broker)
        settings.maxCompactionLagMilliseconds = integer("max.compaction.lag.ms", broker)
        settings.deleteRetentionMilliseconds = integer("delete.retention.ms", broker)
        settings.producerExpirationMilliseconds = broker.integer("producer.id.expiration.ms")
        settings.flush =
            switch value("log.flush", broker) {
            case "interval": .interval(milliseconds: broker.int("log.flush.interval.ms"))
            case "os": .os
            default: .always
            }
        return settings
    }
}
