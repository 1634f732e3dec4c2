import CRdKafka

/// Reads records from Kafka, alone or as member of a group.
///
/// All calls but `waker.wake()` come from one thread, the consuming thread. Rebalances are handled inside `poll`, there
/// and between batches. The consumer keeps its own positions: a record that was read already is dropped, a gap after a
/// control operation is read again.
package final class Consumer {
    /// Wakes a consumer that waits in `poll`; from any thread.
    package struct Waker: Sendable {
        let queue: EventQueue
        package func wake() { queue.wake() }
    }

    /// What the consumer has dropped or read again, for metrics and tests.
    package struct Irregularities: Sendable, Equatable {
        /// Records below the position or of partitions that are not assigned.
        package var staleRecords = 0
        /// Gaps that were read again.
        package var gapsReread = 0
        /// Offsets that do not exist in the log.
        package var missingOffsets: Int64 = 0
    }

    package let group: String?
    let client: ClientHandle
    let queue: EventQueue
    let commits: EventQueue
    let start: OffsetPosition
    var table = PositionTable()
    package var irregularities = Irregularities()
    /// Tells a commit that is waited for from others; 0 is never used.
    var commitSerial: UInt = 0
    var laterResults: [KafkaError?] = []
    /// An event that ended a batch and is handled by the next poll.
    private var held: OpaquePointer?
    /// Partitions whose next record left a gap; the next poll reads them again.
    private var gaps: [TopicPartition] = []

    /// Makes a consumer; connections are made in the background.
    ///
    /// `group`: nil is a consumer that is assigned by hand and commits nothing.
    /// `start`: Where partitions without committed offset begin.
    /// `settings`: librdkafka's names, over the house's defaults.
    package init(
        brokers: String,
        group: String?,
        start: OffsetPosition = .beginning,
        settings: [String: String] = [:]
    ) throws(KafkaError) {
        var all = ClientDefaults.consumer.merging(settings) { $1 }
        all["bootstrap.servers"] = brokers
        // librdkafka wants a group id even from a consumer that joins none.
        all["group.id"] = group ?? "soma-without-group"
        self.group = group
        self.start = start
        let events =
            RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT
        client = try ClientHandle(RD_KAFKA_CONSUMER, all, events: events)
        try KafkaError.check(rd_kafka_poll_set_consumer(client.pointer), "poll")
        queue = EventQueue(client, rd_kafka_queue_get_consumer(client.pointer))
        commits = EventQueue(new: client)
    }

    deinit {
        if let held { rd_kafka_event_destroy(held) }
    }

    func takeHeld() -> OpaquePointer? {
        defer { held = nil }
        return held
    }

    package var waker: Waker { Waker(queue: queue) }

    /// Joins the group for these topics; the assignment comes in a later `poll`.
    package func subscribe(_ topics: [String]) throws(KafkaError) {
        let list = PartitionList(topics.map { TopicPartition($0, -1) })
        try KafkaError.check(
            list.lend { rd_kafka_subscribe(client.pointer, $0) },
            "subscribe to \(topics.joined(separator: ","))"
        )
    }

    /// Reads these partitions from these places, without a group's rebalance; replaces an earlier assignment.
    package func assign(_ starts: [TopicPartition: OffsetPosition]) throws(KafkaError) {
        try KafkaError.check(
            PartitionList(offsets: starts.mapValues(\.wire)).lend { rd_kafka_assign(client.pointer, $0) },
            "assign"
        )
        for partition in table.partitions { table.remove(partition) }
        for (partition, place) in starts.sorted(by: { $0.key < $1.key }) { table.add(partition, at: place) }
    }

    /// The partitions that are read now.
    package var assignment: [TopicPartition] { table.partitions.sorted() }

    /// Takes the next records.
    ///
    /// Returns what is there without waiting, or waits for the first record, a rebalance or `wake`. An empty batch says
    /// nothing but that the caller may do other work.
    ///
    /// `maxRecords`: Bound of the batch in records.
    /// `maxBytes`: The batch ends with the record that reaches it.
    /// `handler`: Told of changes of the assignment, during this call.
    /// Throws `KafkaError` when the client is of no more use or the group refuses it, or what the handler throws.
    package func poll(
        maxRecords: Int = 1024,
        maxBytes: Int = 4 << 20,
        timeout: Duration,
        handler: (any RebalanceHandler)? = nil
    ) throws -> RecordBatch {
        for partition in gaps { try rereadGap(partition) }
        gaps = []
        var batch = RecordBatch()
        if let event = held {
            held = nil
            try serve(event, handler)
            return batch
        }
        var wait = ClientHandle.milliseconds(timeout)
        var last: Int?
        while batch.count < maxRecords && batch.byteCount < maxBytes {
            guard let event = queue.poll(milliseconds: wait) else { break }
            guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH,
                let message = rd_kafka_event_message_next(event), message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR
            else {
                if batch.isEmpty { try serve(event, handler) } else { held = event }
                return batch
            }
            switch accept(message) {
            case .drop:
                rd_kafka_event_destroy(event)
            case .reread(let partition):
                // Seeks happen between batches only; this record comes again.
                rd_kafka_event_destroy(event)
                gaps.append(partition)
                return batch
            case .take(let index, let partition):
                batch.append(event, message, partition, sameRun: last == index)
                last = index
                wait = 0
            }
        }
        return batch
    }

    private enum Verdict {
        case take(Int, TopicPartition)
        case drop
        case reread(TopicPartition)
    }

    /// Holds a record against the position of its partition.
    private func accept(_ message: UnsafePointer<rd_kafka_message_t>) -> Verdict {
        let offset = message.pointee.offset
        guard let index = table.index(of: message), var slot = table[index], offset >= slot.position else {
            irregularities.staleRecords += 1
            return .drop
        }
        if slot.position >= 0 && offset > slot.position {
            if slot.checksNextGap { return .reread(slot.partition) }
            irregularities.missingOffsets += offset - slot.position
        }
        slot.position = offset + 1
        slot.checksNextGap = false
        table[index] = slot
        return .take(index, slot.partition)
    }

    private func rereadGap(_ partition: TopicPartition) throws(KafkaError) {
        guard let index = table.index(of: partition), let slot = table[index], slot.position >= 0 else { return }
        irregularities.gapsReread += 1
        try seek([partition: .offset(slot.position)])
        table.update(partition) { $0.checksNextGap = false }
    }
}
