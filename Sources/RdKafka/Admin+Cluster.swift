import CRdKafka

extension Admin {
    /// What a broker says of the cluster.
    package struct Cluster: Sendable {
        package struct Broker: Sendable, Equatable {
            package var id: Int32
            package var host: String
            package var port: Int32
        }

        package struct Partition: Sendable, Equatable {
            package var index: Int32
            /// -1 while it has none.
            package var leader: Int32
            package var replicas: [Int32]
            package var inSyncReplicas: [Int32]
        }

        package struct Topic: Sendable {
            package var name: String
            package var partitions: [Partition]
            /// Why the topic is not described, such as `.unknownTopicOrPartition`.
            package var error: KafkaError?
        }

        package var brokers: [Broker]
        /// By name in alphabetic order.
        package var topics: [Topic]
    }

    /// Brokers and all topics.
    package func cluster(deadline: Duration = defaultDeadline) throws(KafkaError) -> Cluster {
        try client.metadata(deadline)
    }

    /// The partitions of one topic.
    ///
    /// - Throws: `.unknownTopicOrPartition` when there is no such topic.
    package func topic(_ name: String, deadline: Duration = defaultDeadline) throws(KafkaError) -> Cluster.Topic {
        try client.topic(name, deadline)
    }

    /// The first and next offset of a partition.
    package func watermarks(
        _ partition: TopicPartition,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> Watermarks {
        try client.watermarks(partition, deadline: deadline)
    }

    /// Where an offset of a partition is looked for.
    package enum OffsetQuery: Sendable, Hashable {
        case earliest
        case latest
        /// The first record at or after a time in milliseconds since 1970.
        case timestamp(Int64)
    }

    /// The offsets that answer a query, in one request per broker.
    ///
    /// - Returns: Partitions without a record that late are left out.
    package func listOffsets(
        _ partitions: [TopicPartition],
        _ query: OffsetQuery,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let timestamp: Int64 =
            switch query {
            case .earliest: -2
            case .latest: -1
            case .timestamp(let time): max(0, time)
            }
        return try client.offsets(
            Dictionary(partitions.map { ($0, timestamp) }, uniquingKeysWith: { $1 }),
            deadline: deadline
        )
    }
}

extension ClientHandle {
    /// Asks for all topics: asking for one by name makes brokers create it when they are set so.
    func topic(_ name: String, _ deadline: Duration) throws(KafkaError) -> Admin.Cluster.Topic {
        let found = try metadata(deadline).topics.first { $0.name == name }
        guard let found else { throw KafkaError(.unknownTopicOrPartition, "describe topic \(name)") }
        if let error = found.error { throw error }
        return found
    }

    func metadata(_ deadline: Duration) throws(KafkaError) -> Admin.Cluster {
        var answer: UnsafePointer<rd_kafka_metadata>?
        try KafkaError.check(
            rd_kafka_metadata(
                pointer,
                1,
                nil,
                &answer,
                Self.milliseconds(deadline)
            ),
            "describe cluster"
        )
        guard let answer else { return Admin.Cluster(brokers: [], topics: []) }
        defer { rd_kafka_metadata_destroy(answer) }
        let metadata = answer.pointee
        let brokers = (0..<Int(metadata.broker_cnt)).map { index in
            let broker = metadata.brokers[index]
            return Admin.Cluster.Broker(id: broker.id, host: String(cString: broker.host), port: broker.port)
        }
        let topics = (0..<Int(metadata.topic_cnt)).map { Self.topic(metadata.topics[$0]) }
        return Admin.Cluster(brokers: brokers.sorted { $0.id < $1.id }, topics: topics.sorted { $0.name < $1.name })
    }

    private static func topic(_ topic: rd_kafka_metadata_topic) -> Admin.Cluster.Topic {
        let name = String(cString: topic.topic)
        let partitions = (0..<Int(topic.partition_cnt)).map { index in
            let partition = topic.partitions[index]
            return Admin.Cluster.Partition(
                index: partition.id,
                leader: partition.leader,
                replicas: (0..<Int(partition.replica_cnt)).map { partition.replicas[$0] },
                inSyncReplicas: (0..<Int(partition.isr_cnt)).map { partition.isrs[$0] }
            )
        }
        let error = topic.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(topic.err, "describe topic \(name)")
        return Admin.Cluster.Topic(name: name, partitions: partitions.sorted { $0.index < $1.index }, error: error)
    }
}
