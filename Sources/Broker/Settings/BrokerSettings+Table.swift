extension BrokerSettings {
    private static let anySize: ClosedRange<Int64> = 0...Int64.max
    private static let orUnlimited: ClosedRange<Int64> = -1...Int64.max

    /// Every setting of the broker, under Kafka's names; the ones that Kafka does not have say so.
    package static let table: [SettingDefinition] = generalTable + securityTable

    private static let generalTable: [SettingDefinition] = [
        .init("node.id", .integer(0...Int64(Int32.max)), "1", "Number of this broker in metadata."),
        .init(
            "metrics.listener",
            .text,
            "",
            "host:port of HTTP with /metrics, /healthz and /readyz; empty for none. Not in Kafka."
        ),
        .init("num.partitions", .integer(1...10_000), "1", "Partitions of a topic that does not say."),
        .init("default.replication.factor", .integer(1...1), "1", "Copies of a partition; one node keeps one."),
        .init("auto.create.topics.enable", .flag, "true", "Create a topic when a client asks for it by name."),
        .init("delete.topic.enable", .flag, "true", "Allow topics to be deleted."),
        .init("num.network.threads", .integer(1...64), "2", "Event loops that serve connections."),
        .init("num.io.threads", .integer(1...64), "4", "Threads that read old data from the disk."),
        .init(
            "socket.request.max.bytes",
            .integer(1024...Int64(Int32.max)),
            "104857600",
            "Largest request taken."
        ),
        .init("max.connections", .integer(1...1_000_000), "20000", "Connections at a time; more are closed."),
        .init(
            "max.connections.per.ip",
            .integer(0...Int64(Int32.max)),
            "2147483647",
            "Connections from one address at a time; more are closed."
        ),
        .init(
            "max.connections.per.ip.overrides",
            .text,
            "",
            "address:connections, with commas between: addresses with a limit of their own."
        ),
        .init(
            "connections.max.idle.ms",
            .integer(orUnlimited),
            "600000",
            "Close a connection without traffic after this time; -1 never."
        ),
        .init(
            "queued.max.request.bytes",
            .integer(1 << 20...1 << 40),
            "268435456",
            "Produced bytes that may wait for the disk before connections are no longer read."
        ),
        .init("fetch.max.bytes", .integer(1024...Int64(Int32.max)), "16777216", "Most bytes of one fetch answer."),
        .init(
            "max.incremental.fetch.session.cache.slots",
            .integer(0...100_000),
            "1000",
            "Fetch sessions at a time; further consumers fetch without one."
        ),
        .init("message.max.bytes", .integer(0...Int64(Int32.max)), "1048588", "Largest record batch."),
        .init(
            "log.flush",
            .choice(["always", "interval", "os"]),
            "always",
            "When produced data is on disk: before it is acknowledged; every log.flush.interval.ms (a power cut loses "
                + "up to that); when the system likes (a power cut loses up to half a minute). Not in Kafka."
        ),
        .init(
            "log.flush.interval.ms",
            .integer(1...Int64(Int32.max)),
            "100",
            "Time between syncs with log.flush=interval."
        ),
        .init("log.direct.io", .flag, "true", "Write past the page cache where the file system can. Not in Kafka."),
        .init(
            "log.cache.bytes",
            .integer(-1...1 << 40),
            "-1",
            "Recent batches kept in memory for readers, given back when idle; -1 is an eighth of the machine's memory, "
                + "at most 512 MiB. Not in Kafka."
        ),
        .init("log.segment.bytes", .integer(1024...Int64(Int32.max)), "1073741824", "Size of a log file."),
        .init("log.roll.ms", .integer(1...Int64.max), "604800000", "Begin a new log file after this time."),
        .init("log.index.interval.bytes", .integer(0...Int64(Int32.max)), "4096", "Bytes between index entries."),
        .init("log.retention.ms", .integer(orUnlimited), "604800000", "Keep data this long; -1 for ever."),
        .init("log.retention.minutes", .integer(orUnlimited), "10080", "As log.retention.ms, which wins."),
        .init("log.retention.hours", .integer(orUnlimited), "168", "As log.retention.minutes, which wins."),
        .init("log.retention.bytes", .integer(orUnlimited), "-1", "Keep so many bytes per partition; -1 all."),
        .init(
            "log.retention.check.interval.ms",
            .integer(1...Int64(Int32.max)),
            "60000",
            "Time between looks for data to delete."
        ),
        .init("log.cleanup.policy", .list(["delete", "compact"]), "delete", "What becomes of old data."),
        .init(
            "log.cleaner.delete.retention.ms",
            .integer(anySize),
            "86400000",
            "Time that tombstones stay in a compacted topic, from the first round that meets them."
        ),
        .init("log.cleaner.enable", .flag, "true", "Compact topics whose cleanup.policy says so."),
        .init("log.cleaner.backoff.ms", .integer(1...Int64(Int32.max)), "15000", "Time between looks for work."),
        .init(
            "log.cleaner.dedupe.buffer.size",
            .integer(1 << 16...1 << 40),
            "33554432",
            "Memory for the keys of one round of compaction, 32 bytes each, taken while it runs."
        ),
        .init(
            "log.cleaner.io.max.bytes.per.second",
            .integer(1 << 16...1 << 40),
            "67108864",
            "Bytes that compaction reads and writes in a second."
        ),
        .init(
            "log.cleaner.min.cleanable.ratio",
            .number(0...1),
            "0.5",
            "Share of bytes that no round has seen which is worth a round."
        ),
        .init("log.cleaner.min.compaction.lag.ms", .integer(anySize), "0", "Younger records are not compacted."),
        .init(
            "log.cleaner.max.compaction.lag.ms",
            .integer(1...Int64.max),
            "9223372036854775807",
            "Older records are compacted whatever their share."
        ),
        .init(
            "log.message.timestamp.type",
            .choice(["CreateTime", "LogAppendTime"]),
            "CreateTime",
            "Whose clock records carry."
        ),
        .init(
            "log.message.timestamp.before.max.ms",
            .integer(anySize),
            "9223372036854775807",
            "How far behind the broker's clock the times of a client may be (CreateTime); others are refused."
        ),
        .init(
            "log.message.timestamp.after.max.ms",
            .integer(anySize),
            "3600000",
            "How far ahead of the broker's clock the times of a client may be (CreateTime); others are refused."
        ),
        .init(
            "compression.type",
            .choice(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
            "producer",
            "What records are stored in: as the producer sent them, or packed anew."
        ),
        .init("min.insync.replicas", .integer(1...Int64(Int32.max)), "1", "Copies that acks=all asks for."),
        .init(
            "producer.id.expiration.ms",
            .integer(1...Int64(Int32.max)),
            "86400000",
            "Forget an idempotent producer that is silent for so long."
        ),
        .init("offsets.topic.num.partitions", .integer(1...50), "1", "Partitions of __consumer_offsets."),
        .init("offsets.topic.replication.factor", .integer(1...1), "1", "Copies of __consumer_offsets."),
        .init(
            "offsets.retention.minutes",
            .integer(1...Int64(Int32.max)),
            "10080",
            "Keep the offsets of a group without members so long."
        ),
        .init(
            "offsets.retention.check.interval.ms",
            .integer(1...Int64(Int32.max)),
            "600000",
            "Time between looks for offsets that have lapsed."
        ),
        .init("offset.metadata.max.bytes", .integer(0...1 << 20), "4096", "Largest metadata of a commit."),
        .init(
            "group.initial.rebalance.delay.ms",
            .integer(0...Int64(Int32.max)),
            "0",
            "Wait for more members before the first generation of a group."
        ),
        .init(
            "group.min.session.timeout.ms",
            .integer(1...Int64(Int32.max)),
            "1000",
            "Shortest session timeout a member may ask for."
        ),
        .init(
            "group.max.session.timeout.ms",
            .integer(1...Int64(Int32.max)),
            "1800000",
            "Longest session timeout a member may ask for."
        ),
        .init("group.max.size", .integer(1...100_000), "10000", "Members of a group."),
        .init("groups.max", .integer(1...10_000_000), "100000", "Groups at a time. Not in Kafka."),
        .init(
            "group.consumer.session.timeout.ms",
            .integer(1...Int64(Int32.max)),
            "45000",
            "A member of the consumer protocol is taken for dead after this silence."
        ),
        .init(
            "group.consumer.heartbeat.interval.ms",
            .integer(1...Int64(Int32.max)),
            "5000",
            "What members of the consumer protocol are told to wait between heartbeats."
        ),
        .init(
            "group.consumer.max.size",
            .integer(1...100_000),
            "10000",
            "Members of a group of the consumer protocol."
        ),
        .init(
            "group.consumer.assignors",
            .list(["uniform", "range"]),
            "uniform,range",
            "How the broker assigns partitions; the first is the default."
        ),
        .init(
            "transaction.max.timeout.ms",
            .integer(1...Int64(Int32.max)),
            "900000",
            "Longest time that a producer may ask for a transaction."
        ),
        .init(
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
            .integer(10...Int64(Int32.max)),
            "1000",
            "Time between looks for transactions that take too long."
        ),
        .init(
            "transactional.id.expiration.ms",
            .integer(1...Int64(Int32.max)),
            "604800000",
            "Forget a transactional id that is unused for so long."
        ),
        .init("transaction.state.log.num.partitions", .integer(1...50), "1", "Partitions of __transaction_state."),
        .init(
            "transaction.state.log.segment.bytes",
            .integer(65_536...Int64(Int32.max)),
            "8388608",
            "Size of a log file of __transaction_state."
        ),
        .init(
            "transaction.state.log.replication.factor",
            .integer(1...1),
            "1",
            "Copies of the transaction log."
        ),
        .init("quota.window.num", .integer(1...1000), "11", "Windows that rates of clients are measured over."),
        .init("quota.window.size.seconds", .integer(1...3600), "1", "Time of one such window."),
        .init(
            "controller.quota.window.num",
            .integer(1...1000),
            "11",
            "Windows whose share of changes to topics may be saved up."
        ),
        .init("controller.quota.window.size.seconds", .integer(1...3600), "1", "Time of one such window."),
        .init(
            "authorizer.class.name",
            .choice([
                "", "standard", "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "kafka.security.authorizer.AclAuthorizer",
            ]),
            "",
            "Who decides what clients may do: nobody, or access rules (kafka-acls) by the semantics of Kafka's "
                + "StandardAuthorizer."
        ),
        .init("super.users", .text, "", "Principals that may do everything, such as User:alice;User:bob."),
        .init(
            "allow.everyone.if.no.acl.found",
            .flag,
            "false",
            "Whether a resource without any access rule is open to everyone."
        ),
        .init("transaction.state.log.min.isr", .integer(1...1), "1", "Copies that a transaction asks for."),
    ]

    /// The settings by key.
    package static let byKey = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0) })
}
