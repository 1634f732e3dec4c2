import CRdKafka

/// Positions, commits and control operations; all from the consuming thread, between batches.
extension Consumer {
    /// How long a seek may take.
    private static let seekDeadline = Duration.seconds(10)

    /// The next offset to read; nil when the partition is not assigned or nothing is known yet.
    package func position(_ partition: TopicPartition) -> Int64? {
        guard let index = table.index(of: partition), let slot = table[index], slot.position >= 0 else { return nil }
        return slot.position
    }

    /// Goes on at other places.
    package func seek(_ places: [TopicPartition: OffsetPosition]) throws(KafkaError) {
        let list = PartitionList(offsets: places.mapValues(\.wire))
        try KafkaError.check(
            list.lend { rd_kafka_seek_partitions(client.pointer, $0, ClientHandle.milliseconds(Self.seekDeadline)) },
            "seek"
        )
        for element in list.elements { try KafkaError.check(element.error, "seek \(element.partition)") }
        for (partition, place) in places {
            table.update(partition) {
                if case .offset(let offset) = place { $0.position = offset } else { $0.position = -1 }
                $0.start = place
                $0.checksNextGap = true
            }
        }
    }

    /// Stops fetching partitions until `resume`; records already fetched are dropped and fetched again.
    package func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try KafkaError.check(
            PartitionList(partitions).lend { rd_kafka_pause_partitions(client.pointer, $0) },
            "pause"
        )
        for partition in partitions { table.update(partition) { $0.isPaused = true } }
    }

    /// Goes on reading where the partition's position is.
    package func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        var places: [TopicPartition: OffsetPosition] = [:]
        for partition in partitions {
            if let position = position(partition) { places[partition] = .offset(position) }
            table.update(partition) {
                $0.isPaused = false
                $0.checksNextGap = true
            }
        }
        try KafkaError.check(
            PartitionList(partitions).lend { rd_kafka_resume_partitions(client.pointer, $0) },
            "resume"
        )
        // librdkafka 2.0.2 may go on behind or before the last record that was handed out.
        if !places.isEmpty { try seek(places) }
    }

    package func isPaused(_ partition: TopicPartition) -> Bool {
        table.index(of: partition).flatMap { table[$0] }?.isPaused ?? false
    }

    /// Commits next offsets and waits for the answer.
    ///
    /// - Parameter offsets: The next offset to read of each partition.
    /// - Throws: `.illegalGeneration`, `.unknownMember` or `.rebalanceInProgress` when the partitions may be another's.
    package func commit(_ offsets: [TopicPartition: Int64], deadline: Duration) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        let operation = "commit group \(group ?? "")"
        // An answer that came after an earlier deadline must not be taken for this one's.
        while let late = commits.poll(milliseconds: 0) { rd_kafka_event_destroy(late) }
        let list = PartitionList(offsets: offsets)
        try KafkaError.check(
            list.lend { rd_kafka_commit_queue(client.pointer, $0, commits.pointer, nil, nil) },
            operation
        )
        guard let event = commits.poll(milliseconds: ClientHandle.milliseconds(deadline)) else {
            throw KafkaError(.timedOut, operation, message: "no answer in \(deadline)")
        }
        defer { rd_kafka_event_destroy(event) }
        try KafkaError.check(rd_kafka_event_error(event), operation)
        for element in PartitionList.elements(rd_kafka_event_topic_partition_list(event)) {
            try KafkaError.check(element.error, "\(operation) \(element.partition)")
        }
    }

    /// Commits next offsets without waiting; a failure is logged by a later `poll`.
    package func commitLater(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try KafkaError.check(
            PartitionList(offsets: offsets).lend { rd_kafka_commit_queue(client.pointer, $0, queue.pointer, nil, nil) },
            "commit group \(group ?? "")"
        )
    }

    /// The group's committed offsets; partitions without one are left out.
    package func committed(
        _ partitions: [TopicPartition],
        deadline: Duration
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions)
        let operation = "committed offsets of \(group ?? "")"
        try KafkaError.check(
            list.lend { rd_kafka_committed(client.pointer, $0, ClientHandle.milliseconds(deadline)) },
            operation
        )
        return try Self.offsets(list.elements, operation)
    }

    /// The first and next offset of a partition, asked from its leader.
    package func watermarks(_ partition: TopicPartition, deadline: Duration) throws(KafkaError) -> Watermarks {
        try client.watermarks(partition, deadline: deadline)
    }

    /// The first offsets with a timestamp at or after the given one; partitions without are left out.
    ///
    /// - Parameter timestamps: Milliseconds since 1970.
    package func offsetsForTimes(
        _ timestamps: [TopicPartition: Int64],
        deadline: Duration
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try client.offsets(timestamps, deadline: deadline)
    }

    /// Who this consumer is in its group; nil before the first join.
    package var groupMetadata: GroupMetadata? {
        rd_kafka_consumer_group_metadata(client.pointer).map { GroupMetadata($0) }
    }

    /// Leaves the group after the handler has seen the revocation; the consumer is of no more use then.
    package func close(deadline: Duration, handler: (any RebalanceHandler)? = nil) throws {
        try KafkaError.check(rd_kafka_consumer_close_queue(client.pointer, queue.pointer), "leave group \(group ?? "")")
        let end = ContinuousClock.now + deadline
        var failure: (any Error)?
        while rd_kafka_consumer_closed(client.pointer) == 0 {
            guard ContinuousClock.now < end else {
                throw KafkaError(.timedOut, "leave group \(group ?? "")", message: "not closed in \(deadline)")
            }
            guard let event = queue.poll(milliseconds: 10) else { continue }
            do { try serve(event, handler) } catch { failure = failure ?? error }
        }
        for partition in table.partitions { table.remove(partition) }
        if let failure { throw failure }
    }

    static func offsets(
        _ elements: [PartitionList.Element],
        _ operation: String
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        var offsets: [TopicPartition: Int64] = [:]
        for element in elements {
            try KafkaError.check(element.error, "\(operation) \(element.partition)")
            if element.offset >= 0 { offsets[element.partition] = element.offset }
        }
        return offsets
    }
}

extension ClientHandle {
    func watermarks(_ partition: TopicPartition, deadline: Duration) throws(KafkaError) -> Watermarks {
        var low: Int64 = -1
        var high: Int64 = -1
        try KafkaError.check(
            rd_kafka_query_watermark_offsets(
                pointer,
                partition.topic,
                partition.partition,
                &low,
                &high,
                Self.milliseconds(deadline)
            ),
            "offsets of \(partition)"
        )
        return Watermarks(low: low, high: high)
    }

    /// Asks ListOffsets; timestamps -1 and -2 mean the end and the beginning.
    func offsets(
        _ timestamps: [TopicPartition: Int64],
        deadline: Duration
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard !timestamps.isEmpty else { return [:] }
        let list = PartitionList(offsets: timestamps)
        try KafkaError.check(
            list.lend { rd_kafka_offsets_for_times(pointer, $0, Self.milliseconds(deadline)) },
            "list offsets"
        )
        return try Consumer.offsets(list.elements, "list offsets of")
    }
}
