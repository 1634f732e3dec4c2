import CRdKafka
private import Glibc

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
    /// `offsets`: The next offset to read of each partition.
    /// Throws `.illegalGeneration`, `.unknownMember` or `.rebalanceInProgress` when the partitions may be another's.
    package func commit(_ offsets: [TopicPartition: Int64], deadline: Duration) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        let operation = "commit group \(group ?? "")"
        // Answers to other commits may come first, or after their own deadline.
        commitSerial &+= 1
        let serial = UnsafeMutableRawPointer(bitPattern: commitSerial)
        let code = PartitionList(offsets: offsets).lend {
            rd_kafka_commit_queue(client.pointer, $0, commits.pointer, nil, serial)
        }
        try KafkaError.check(code, operation)
        let end = ContinuousClock.now + deadline
        while true {
            let left = max(.zero, end - .now)
            guard let event = commits.poll(milliseconds: ClientHandle.milliseconds(left)) else {
                throw KafkaError(.timedOut, operation, message: "no answer in \(deadline)")
            }
            defer { rd_kafka_event_destroy(event) }
            let result = Self.commitResult(event, operation)
            if rd_kafka_event_opaque(event) == serial {
                if let result { throw result }
                return
            }
            if rd_kafka_event_opaque(event) == nil { laterResults.append(result) }
        }
    }

    private static func commitResult(_ event: OpaquePointer, _ operation: String) -> KafkaError? {
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return KafkaError(code, operation) }
        let failed = PartitionList.elements(rd_kafka_event_topic_partition_list(event)).first {
            $0.error != RD_KAFKA_RESP_ERR_NO_ERROR
        }
        return failed.map { KafkaError($0.error, "\(operation) \($0.partition)") }
    }

    /// Commits next offsets without waiting; `takeCommitResults` tells how it ended.
    package func commitLater(_ offsets: [TopicPartition: Int64]) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try KafkaError.check(
            PartitionList(offsets: offsets).lend {
                rd_kafka_commit_queue(client.pointer, $0, commits.pointer, nil, nil)
            },
            "commit group \(group ?? "")"
        )
    }

    /// The outcomes of `commitLater` that have come in, oldest first; nil is success.
    package func takeCommitResults() -> [KafkaError?] {
        while let event = commits.poll(milliseconds: 0) {
            if rd_kafka_event_opaque(event) == nil {
                laterResults.append(Self.commitResult(event, "commit group \(group ?? "")"))
            }
            rd_kafka_event_destroy(event)
        }
        defer { laterResults = [] }
        return laterResults
    }

    /// The number of partitions of a topic.
    ///
    /// - Throws: `.unknownTopicOrPartition` when there is no such topic.
    package func partitionCount(_ topic: String, deadline: Duration) throws(KafkaError) -> Int {
        try client.topic(topic, deadline).partitions.count
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
    /// `timestamps`: Milliseconds since 1970.
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
        if let event = takeHeld() {
            do { try serve(event, handler) } catch { failure = error }
        }
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
        var tries = 0
        while true {
            let list = PartitionList(offsets: timestamps)
            let code = list.lend { rd_kafka_offsets_for_times(pointer, $0, Self.milliseconds(deadline)) }
            let elements = list.elements
            // A topic that was just made has no leader yet, or is not known to the client.
            let isUnsettled = { (code: rd_kafka_resp_err_t) in
                switch code {
                case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
                    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
                    true
                default: false
                }
            }
            guard isUnsettled(code) || elements.contains(where: { isUnsettled($0.error) }), tries < 10 else {
                try KafkaError.check(code, "list offsets")
                return try Consumer.offsets(elements, "list offsets of")
            }
            tries += 1
            _ = try? metadata(deadline)
            usleep(50_000)
        }
    }
}
