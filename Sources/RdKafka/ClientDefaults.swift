/// The house's defaults for librdkafka, in its own names; a caller's settings go over them.
enum ClientDefaults {
    /// For every client.
    static let common: [String: String] = [
        "client.id": "soma",
        // Small requests must not wait for the answer to the one before (Nagle's algorithm).
        "socket.nagle.disable": "true",
        "socket.keepalive.enable": "true",
        "reconnect.backoff.ms": "50",
        "reconnect.backoff.max.ms": "1000",
        "topic.metadata.refresh.fast.interval.ms": "100",
        // New partitions and topics are seen within this time.
        "topic.metadata.refresh.interval.ms": "10000",
    ]

    static let producer: [String: String] = common.merging([
        "acks": "all",
        "enable.idempotence": "true",
        // Java's default; librdkafka's own (CRC-32) would break joins with topics that Java producers write.
        "partitioner": "murmur2_random",
        "linger.ms": "0",
        "retry.backoff.ms": "50",
        "queue.buffering.max.messages": "100000",
        "queue.buffering.max.kbytes": "65536",
        "message.max.bytes": "1200000",
        "message.timeout.ms": "30000",
    ]) { $1 }

    static let consumer: [String: String] = common.merging([
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        // Where to start is decided by us at each assignment; an offset that is gone must be loud.
        "auto.offset.reset": "error",
        // Eager. A cooperative member commits under a generation that may end before the broker sees the commit, and
        // librdkafka 2.0.2 then drops its whole assignment. Range also keeps equal numbers of several topics together.
        "partition.assignment.strategy": "range",
        "fetch.min.bytes": "1",
        "fetch.wait.max.ms": "250",
        "fetch.error.backoff.ms": "50",
        // The bound is in bytes. librdkafka 2.0.2 looks up to a second late whether a full queue has room again, so the
        // bound by count (100,000 by default) would starve a fast reader of small records.
        "queued.max.messages.kbytes": "32768",
        "queued.min.messages": "1000000",
        // The least that Apache Kafka takes: a killed member's partitions move after this time.
        "session.timeout.ms": "6000",
        // Members learn of a rebalance at a heartbeat: all wait for the slowest.
        "heartbeat.interval.ms": "500",
        "max.poll.interval.ms": "120000",
        "enable.partition.eof": "false",
    ]) { $1 }
}
