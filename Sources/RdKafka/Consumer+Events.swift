import CRdKafka
import Telemetry

/// What comes out of the consumer's queue beside records: rebalances, errors, answers to commits.
extension Consumer {
    /// How long a rebalance may take to learn the group's committed offsets.
    static let committedDeadline = Duration.seconds(10)

    /// Handles an event and destroys it.
    func serve(_ event: OpaquePointer, _ handler: (any RebalanceHandler)?) throws {
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE: try rebalance(event, handler)
        case RD_KAFKA_EVENT_ERROR: try fail(event, handler)
        case RD_KAFKA_EVENT_OFFSET_COMMIT:
            let code = rd_kafka_event_error(event)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__NO_OFFSET {
                ClientHandle.log.warning(
                    "commit failed",
                    ["group": .value(group ?? ""), "code": .value(String(cString: rd_kafka_err2name(code)))]
                )
            }
        default: break
        }
    }

    private func rebalance(_ event: OpaquePointer, _ handler: (any RebalanceHandler)?) throws {
        let partitions = PartitionList.elements(rd_kafka_event_topic_partition_list(event)).map(\.partition).sorted()
        if rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            try begin(partitions, handler)
        } else {
            let isLost = rd_kafka_assignment_lost(client.pointer) != 0
            // The group waits for this answer: partitions are given up whatever the handler says.
            let outcome = Result { try handler?.partitionsWillBeRevoked(partitions, isLost: isLost) }
            for partition in partitions { table.remove(partition) }
            if isCooperative {
                try KafkaError.check(
                    PartitionList(partitions).lend { rd_kafka_incremental_unassign(client.pointer, $0) },
                    "unassign"
                )
            } else {
                try KafkaError.check(rd_kafka_assign(client.pointer, nil), "unassign")
            }
            try outcome.get()
        }
    }

    private func begin(_ partitions: [TopicPartition], _ handler: (any RebalanceHandler)?) throws {
        var starts = try handler?.partitionsWillBeAssigned(partitions) ?? [:]
        let unknown = partitions.filter { starts[$0] == nil }
        if !unknown.isEmpty {
            let offsets = try committed(unknown, deadline: Self.committedDeadline)
            for partition in unknown { starts[partition] = offsets[partition].map { .offset($0) } ?? start }
        }
        // With a number for every start the positions are known from the first record on.
        let words = starts.filter { $0.value.wire < 0 }
        if !words.isEmpty {
            let found = try client.offsets(words.mapValues(\.wire), deadline: Self.committedDeadline)
            for (partition, offset) in found { starts[partition] = .offset(offset) }
        }
        let list = PartitionList(capacity: partitions.count)
        var positions: [TopicPartition: Int64] = [:]
        for partition in partitions {
            let place = starts[partition] ?? start
            list.add(partition, offset: place.wire)
            if case .offset(let offset) = place { positions[partition] = offset }
        }
        if isCooperative {
            try KafkaError.check(list.lend { rd_kafka_incremental_assign(client.pointer, $0) }, "assign")
        } else {
            for partition in table.partitions { table.remove(partition) }
            try KafkaError.check(list.lend { rd_kafka_assign(client.pointer, $0) }, "assign")
        }
        for partition in partitions { table.add(partition, at: starts[partition] ?? start) }
        try handler?.partitionsAssigned(partitions, positions: positions)
    }

    private func fail(_ event: OpaquePointer, _ handler: (any RebalanceHandler)?) throws {
        let code = KafkaError.Code(rd_kafka_event_error(event))
        let reason = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
        let operation = group.map { "consume as \($0)" } ?? "consume"
        if rd_kafka_event_error_is_fatal(event) != 0 {
            throw client.fatalError(operation) ?? KafkaError(code, operation, message: reason, isFatal: true)
        }
        if let place = rd_kafka_event_topic_partition(event) {
            let partition = TopicPartition(String(cString: place.pointee.topic), place.pointee.partition)
            let offset = place.pointee.offset
            rd_kafka_topic_partition_destroy(place)
            if code == .partitionEnd {
                handler?.partitionEnded(partition, offset: offset)
                return
            }
            if code == .autoOffsetReset || code == .offsetOutOfRange {
                try reset(partition, reason, handler)
                return
            }
        }
        switch code {
        // The group goes on without us until the next poll; what was read is committed by nobody or by the new owner.
        case .maxPollExceeded, .unknownTopicOrPartition, .unknownTopic, .unknownPartition:
            ClientHandle.log.warning(reason, ["group": .value(group ?? ""), "code": .value("\(code.rawValue)")])
        case .fencedInstance:
            throw KafkaError(code, operation, message: reason, isFatal: true)
        case let other
        where rd_kafka_resp_err_t(rawValue: other.rawValue) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            || rd_kafka_resp_err_t(rawValue: other.rawValue) == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
            || rd_kafka_resp_err_t(rawValue: other.rawValue) == RD_KAFKA_RESP_ERR__AUTHENTICATION:
            throw KafkaError(code, operation, message: reason)
        case .allBrokersDown: Outage.tell(reason)
        default:
            // Connections come and go; librdkafka connects again by itself.
            ClientHandle.log.debug(reason, ["group": .value(group ?? ""), "code": .value("\(code.rawValue)")])
        }
    }

    private func reset(_ partition: TopicPartition, _ reason: String, _ handler: (any RebalanceHandler)?) throws {
        guard let index = table.index(of: partition), let slot = table[index] else { return }
        ClientHandle.log.error(
            "the position is not kept by the broker any more",
            [
                "partition": .value(partition.description), "position": .value(slot.position),
                "group": .value(group ?? ""),
            ]
        )
        guard let place = handler?.offsetIsOutOfRange(partition, position: slot.position) else {
            throw KafkaError(
                .offsetOutOfRange,
                "read \(partition)",
                message: "position \(slot.position) is not in the log: \(reason)"
            )
        }
        try restart(partition, at: place)
    }

    /// Reads a partition from another place after librdkafka stopped it, when it takes no seek.
    private func restart(_ partition: TopicPartition, at place: OffsetPosition) throws(KafkaError) {
        table.add(partition, at: place)
        guard isCooperative else {
            let all = PartitionList(offsets: table.places.mapValues(\.wire))
            return try KafkaError.check(all.lend { rd_kafka_assign(client.pointer, $0) }, "restart \(partition)")
        }
        let one = PartitionList(offsets: [partition: place.wire])
        try KafkaError.check(one.lend { rd_kafka_incremental_unassign(client.pointer, $0) }, "restart \(partition)")
        try KafkaError.check(one.lend { rd_kafka_incremental_assign(client.pointer, $0) }, "restart \(partition)")
    }

    private var isCooperative: Bool {
        rd_kafka_rebalance_protocol(client.pointer).map { String(cString: $0) } == "COOPERATIVE"
    }
}
