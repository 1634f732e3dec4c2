import CRdKafka

extension Admin {
    /// A topic to create.
    package struct NewTopic: Sendable {
        package var name: String
        /// -1 is the broker's default.
        package var partitions: Int32
        package var replicationFactor: Int32
        /// Kafka's topic settings, such as `cleanup.policy`.
        package var configuration: [String: String]

        package init(
            _ name: String,
            partitions: Int32,
            replicationFactor: Int32 = -1,
            configuration: [String: String] = [:]
        ) {
            self.name = name
            self.partitions = partitions
            self.replicationFactor = replicationFactor
            self.configuration = configuration
        }
    }

    /// Creates topics.
    ///
    /// `allowExisting`: A topic that is there already is no error; it is not compared with what was asked.
    /// Throws The first refusal; others of the same call may have been created.
    package func createTopics(
        _ topics: [NewTopic],
        allowExisting: Bool = false,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) {
        guard !topics.isEmpty else { return }
        var handles: [OpaquePointer?] = []
        defer { for handle in handles { rd_kafka_NewTopic_destroy(handle) } }
        var text = [CChar](repeating: 0, count: 512)
        for topic in topics {
            guard
                let handle = rd_kafka_NewTopic_new(
                    topic.name,
                    topic.partitions,
                    topic.replicationFactor,
                    &text,
                    text.count
                )
            else {
                throw KafkaError(.invalidArgument, "create topic \(topic.name)", message: ClientHandle.string(text))
            }
            handles.append(handle)
            for (key, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
                try KafkaError.check(rd_kafka_NewTopic_set_config(handle, key, value), "create topic \(topic.name)")
            }
        }
        try request("create topics", deadline, RD_KAFKA_ADMIN_OP_CREATETOPICS) { options, queue in
            rd_kafka_CreateTopics(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            try Self.check(results, count, "create topic", allowing: allowExisting ? .topicAlreadyExists : nil)
        }
    }

    package func deleteTopics(_ topics: [String], deadline: Duration = defaultDeadline) throws(KafkaError) {
        guard !topics.isEmpty else { return }
        var handles: [OpaquePointer?] = topics.map { rd_kafka_DeleteTopic_new($0) }
        defer { for handle in handles { rd_kafka_DeleteTopic_destroy(handle) } }
        try request("delete topics", deadline, RD_KAFKA_ADMIN_OP_DELETETOPICS) { options, queue in
            rd_kafka_DeleteTopics(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
            try Self.check(results, count, "delete topic")
        }
    }

    /// Grows a topic to so many partitions.
    package func createPartitions(
        _ topic: String,
        total: Int,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) {
        var text = [CChar](repeating: 0, count: 512)
        guard let handle = rd_kafka_NewPartitions_new(topic, total, &text, text.count) else {
            throw KafkaError(.invalidArgument, "create partitions of \(topic)", message: ClientHandle.string(text))
        }
        defer { rd_kafka_NewPartitions_destroy(handle) }
        var handles: [OpaquePointer?] = [handle]
        try request("create partitions of \(topic)", deadline, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS) { options, queue in
            rd_kafka_CreatePartitions(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_CreatePartitions_result_topics(
                rd_kafka_event_CreatePartitions_result(event),
                &count
            )
            try Self.check(results, count, "create partitions of")
        }
    }

    /// One setting of a topic or broker.
    package struct ConfigurationEntry: Sendable, Equatable {
        package var name: String
        package var value: String?
        package var isDefault: Bool
        package var isReadOnly: Bool
        package var isSensitive: Bool
    }

    /// The settings of a topic, by name in alphabetic order.
    package func topicConfiguration(
        _ topic: String,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> [ConfigurationEntry] {
        try configuration(RD_KAFKA_RESOURCE_TOPIC, topic, deadline)
    }

    /// The settings of a broker.
    package func brokerConfiguration(
        _ broker: Int32,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> [ConfigurationEntry] {
        try configuration(RD_KAFKA_RESOURCE_BROKER, String(broker), deadline)
    }

    private func configuration(
        _ kind: rd_kafka_ResourceType_t,
        _ name: String,
        _ deadline: Duration
    ) throws(KafkaError) -> [ConfigurationEntry] {
        guard let resource = rd_kafka_ConfigResource_new(kind, name) else {
            throw KafkaError(.invalidArgument, "describe \(name)")
        }
        defer { rd_kafka_ConfigResource_destroy(resource) }
        var resources: [OpaquePointer?] = [resource]
        return try request("describe \(name)", deadline, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { options, queue in
            rd_kafka_DescribeConfigs(client.pointer, &resources, resources.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event),
                &count
            )
            guard count > 0, let answered = results?[0] else { return [] }
            let code = rd_kafka_ConfigResource_error(answered)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                let reason = rd_kafka_ConfigResource_error_string(answered).map { String(cString: $0) }
                throw KafkaError(code, "describe \(name)", message: reason)
            }
            let entries = rd_kafka_ConfigResource_configs(answered, &count)
            return (0..<count).compactMap { index -> ConfigurationEntry? in
                guard let entry = entries?[index], let name = rd_kafka_ConfigEntry_name(entry) else { return nil }
                return ConfigurationEntry(
                    name: String(cString: name),
                    value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
                    isDefault: rd_kafka_ConfigEntry_is_default(entry) == 1,
                    isReadOnly: rd_kafka_ConfigEntry_is_read_only(entry) == 1,
                    isSensitive: rd_kafka_ConfigEntry_is_sensitive(entry) == 1
                )
            }.sorted { $0.name < $1.name }
        }
    }

    /// Deletes the records before an offset of each partition; `.end` deletes all.
    ///
    /// - Returns: The first offset that is left in each partition.
    package func deleteRecords(
        before: [TopicPartition: OffsetPosition],
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(offsets: before.mapValues(\.wire))
        guard let handle = list.lend({ rd_kafka_DeleteRecords_new($0) }) else {
            throw KafkaError(.invalidArgument, "delete records")
        }
        defer { rd_kafka_DeleteRecords_destroy(handle) }
        var handles: [OpaquePointer?] = [handle]
        return try request("delete records", deadline, RD_KAFKA_ADMIN_OP_DELETERECORDS) { options, queue in
            rd_kafka_DeleteRecords(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            let result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))
            return try Consumer.offsets(PartitionList.elements(result), "delete records of")
        }
    }
}
