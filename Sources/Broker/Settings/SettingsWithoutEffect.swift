extension BrokerSettings {
    /// Why a setting of Kafka's means nothing to a single node of ours; nil for every other key.
    ///
    /// Only what does no harm when it is passed over: a setting that protects somebody, or keeps data elsewhere, is
    /// refused as unknown instead.
    package static func reasonWithoutEffect(_ key: String) -> String? {
        guard byKey[key] == nil else { return nil }
        return withoutEffect.first { row in
            row.names.contains { $0.hasSuffix("*") ? key.hasPrefix($0.dropLast()) : key == $0 }
        }?.reason
    }

    /// Names, or beginnings of names with a star.
    package static let withoutEffect: [(names: [String], reason: String)] = [
        (
            [
                "process.roles", "controller.*", "early.start.listeners", "inter.broker.*", "metadata.log.*",
                "metadata.max.*", "initial.broker.registration.timeout.ms", "broker.heartbeat.interval.ms",
                "broker.session.timeout.ms", "broker.rack", "broker.id.generation.enable", "reserved.broker.max.id",
                "controlled.shutdown.*", "zookeeper.*",
            ],
            "one node has no controllers and no other brokers"
        ),
        (
            [
                "replica.*", "num.replica.*", "replication.quota.*", "follower.*", "leader.*", "auto.leader.*",
                "unclean.leader.*", "eligible.leader.*",
            ],
            "one node has no replicas"
        ),
        (
            [
                "socket.send.buffer.bytes", "socket.receive.buffer.bytes", "socket.listen.backlog.size",
                "background.threads", "num.recovery.threads.per.data.dir",
                "queued.max.requests", "request.timeout.ms", "log.cleaner.threads", "log.cleaner.io.buffer.*",
                "group.coordinator.*", "transaction.state.log.load.buffer.size", "offsets.load.buffer.size",
                "offsets.commit.timeout.ms", "max.request.partition.size.limit",
            ],
            "threads and buffers are arranged in another way"
        ),
        (
            [
                "log.flush.interval.messages", "log.flush.scheduler.interval.ms", "log.flush.offset.checkpoint.*",
                "log.flush.start.offset.checkpoint.*",
            ],
            "log.flush says when data is on disk"
        ),
        (
            [
                "log.index.size.max.bytes", "log.preallocate", "log.segment.delete.delay.ms",
                "log.initial.task.delay.ms", "log.message.format.version", "log.message.downconversion.enable",
                "inter.broker.protocol.version", "log.dir.failure.timeout.ms",
            ],
            "files are kept in another way"
        ),
        (["share.coordinator.*", "group.share.*", "group.streams.*"], "groups of this kind are not served"),
        (
            ["metric.reporters", "metrics.*", "auto.include.jmx.reporter", "kafka.metrics.*", "telemetry.*"],
            "metrics are served by HTTP, see metrics.listener"
        ),
    ]
}
