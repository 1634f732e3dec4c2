import CRdKafka

extension Admin {
    /// A consumer group in a list.
    package struct GroupListing: Sendable, Equatable {
        package var id: String
        /// `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead` or `Unknown`.
        package var state: String
    }

    /// A consumer group with its members.
    package struct GroupDescription: Sendable {
        package struct Member: Sendable {
            package var id: String
            package var clientID: String
            package var instanceID: String?
            package var host: String
            package var assignment: [TopicPartition]
        }

        package var id: String
        package var state: String
        package var assignor: String
        /// By member id in alphabetic order.
        package var members: [Member]
        package var error: KafkaError?
    }

    /// All consumer groups, by id in alphabetic order.
    package func groups(deadline: Duration = defaultDeadline) throws(KafkaError) -> [GroupListing] {
        try request("list groups", deadline, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS) { options, queue in
            rd_kafka_ListConsumerGroups(client.pointer, options, queue)
        } read: { event throws(KafkaError) in
            let result = rd_kafka_event_ListConsumerGroups_result(event)
            var count = 0
            if let errors = rd_kafka_ListConsumerGroups_result_errors(result, &count), count > 0, let error = errors[0]
            {
                throw KafkaError(
                    rd_kafka_error_code(error),
                    "list groups",
                    message: String(cString: rd_kafka_error_string(error))
                )
            }
            let listings = rd_kafka_ListConsumerGroups_result_valid(result, &count)
            return (0..<count).compactMap { index -> GroupListing? in
                guard let listing = listings?[index], let id = rd_kafka_ConsumerGroupListing_group_id(listing)
                else { return nil }
                return GroupListing(
                    id: String(cString: id),
                    state: Self.name(rd_kafka_ConsumerGroupListing_state(listing))
                )
            }.sorted { $0.id < $1.id }
        }
    }

    /// Groups with their members, by id in alphabetic order.
    package func describeGroups(
        _ ids: [String],
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> [GroupDescription] {
        guard !ids.isEmpty else { return [] }
        let names = CStrings(ids)
        return try request("describe groups", deadline, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS) { options, queue in
            rd_kafka_DescribeConsumerGroups(client.pointer, names.pointers, names.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let groups = rd_kafka_DescribeConsumerGroups_result_groups(
                rd_kafka_event_DescribeConsumerGroups_result(event),
                &count
            )
            return (0..<count).compactMap { groups?[$0] }.map(Self.describe).sorted { $0.id < $1.id }
        }
    }

    private static func describe(_ group: OpaquePointer) -> GroupDescription {
        let id = rd_kafka_ConsumerGroupDescription_group_id(group).map { String(cString: $0) } ?? ""
        var failure: KafkaError?
        if let error = rd_kafka_ConsumerGroupDescription_error(group),
            rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR
        {
            failure = KafkaError(
                rd_kafka_error_code(error),
                "describe group \(id)",
                message: String(cString: rd_kafka_error_string(error))
            )
        }
        let members = (0..<rd_kafka_ConsumerGroupDescription_member_count(group)).compactMap { index in
            rd_kafka_ConsumerGroupDescription_member(group, index)
        }.map { member in
            let assignment = rd_kafka_MemberDescription_assignment(member)
            let partitions = assignment.map { PartitionList.elements(rd_kafka_MemberAssignment_partitions($0)) } ?? []
            return GroupDescription.Member(
                id: rd_kafka_MemberDescription_consumer_id(member).map { String(cString: $0) } ?? "",
                clientID: rd_kafka_MemberDescription_client_id(member).map { String(cString: $0) } ?? "",
                instanceID: rd_kafka_MemberDescription_group_instance_id(member).map { String(cString: $0) },
                host: rd_kafka_MemberDescription_host(member).map { String(cString: $0) } ?? "",
                assignment: partitions.map(\.partition).sorted()
            )
        }
        return GroupDescription(
            id: id,
            state: name(rd_kafka_ConsumerGroupDescription_state(group)),
            assignor: rd_kafka_ConsumerGroupDescription_partition_assignor(group).map { String(cString: $0) } ?? "",
            members: members.sorted { $0.id < $1.id },
            error: failure
        )
    }

    /// Deletes groups without members, with their offsets.
    package func deleteGroups(_ ids: [String], deadline: Duration = defaultDeadline) throws(KafkaError) {
        guard !ids.isEmpty else { return }
        var handles: [OpaquePointer?] = ids.map { rd_kafka_DeleteGroup_new($0) }
        defer { for handle in handles { rd_kafka_DeleteGroup_destroy(handle) } }
        try request("delete groups", deadline, RD_KAFKA_ADMIN_OP_DELETEGROUPS) { options, queue in
            rd_kafka_DeleteGroups(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count)
            for index in 0..<count {
                guard let result = results?[index], let error = rd_kafka_group_result_error(result),
                    rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR
                else { continue }
                throw KafkaError(
                    rd_kafka_error_code(error),
                    "delete group \(rd_kafka_group_result_name(result).map { String(cString: $0) } ?? "")",
                    message: String(cString: rd_kafka_error_string(error))
                )
            }
        }
    }

    /// The committed offsets of a group; partitions without one are left out.
    ///
    /// `partitions`: nil asks for all.
    package func groupOffsets(
        _ group: String,
        partitions: [TopicPartition]? = nil,
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        let list = PartitionList(partitions ?? [])
        guard let handle = list.lend({ rd_kafka_ListConsumerGroupOffsets_new(group, partitions == nil ? nil : $0) })
        else {
            throw KafkaError(.invalidArgument, "offsets of group \(group)")
        }
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(handle) }
        var handles: [OpaquePointer?] = [handle]
        let operation = "offsets of group \(group)"
        return try request(operation, deadline, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) { options, queue in
            rd_kafka_ListConsumerGroupOffsets(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
                rd_kafka_event_ListConsumerGroupOffsets_result(event),
                &count
            )
            return try Self.offsets(groups, count, operation)
        }
    }

    /// Sets committed offsets of a group without members.
    package func alterGroupOffsets(
        _ group: String,
        _ offsets: [TopicPartition: Int64],
        deadline: Duration = defaultDeadline
    ) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        let list = PartitionList(offsets: offsets)
        guard let handle = list.lend({ rd_kafka_AlterConsumerGroupOffsets_new(group, $0) }) else {
            throw KafkaError(.invalidArgument, "set offsets of group \(group)")
        }
        defer { rd_kafka_AlterConsumerGroupOffsets_destroy(handle) }
        var handles: [OpaquePointer?] = [handle]
        let operation = "set offsets of group \(group)"
        try request(operation, deadline, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS) { options, queue in
            rd_kafka_AlterConsumerGroupOffsets(client.pointer, &handles, handles.count, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
                rd_kafka_event_AlterConsumerGroupOffsets_result(event),
                &count
            )
            _ = try Self.offsets(groups, count, operation)
        }
    }

    private static func offsets(
        _ groups: UnsafeMutablePointer<OpaquePointer?>?,
        _ count: Int,
        _ operation: String
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard count > 0, let group = groups?[0] else { return [:] }
        if let error = rd_kafka_group_result_error(group), rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw KafkaError(
                rd_kafka_error_code(error),
                operation,
                message: String(cString: rd_kafka_error_string(error))
            )
        }
        return try Consumer.offsets(PartitionList.elements(rd_kafka_group_result_partitions(group)), operation)
    }

    private static func name(_ state: rd_kafka_consumer_group_state_t) -> String {
        rd_kafka_consumer_group_state_name(state).map { String(cString: $0) } ?? "Unknown"
    }
}

/// An array of C strings, freed with its owner.
struct CStrings: ~Copyable {
    let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: max(1, count))
        for (index, string) in strings.enumerated() {
            let bytes = string.utf8CString
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            copy.initialize(from: Array(bytes), count: bytes.count)
            pointers.advanced(by: index).initialize(to: UnsafePointer(copy))
        }
    }

    deinit {
        for index in 0..<count { pointers[index]?.deallocate() }
        pointers.deallocate()
    }
}
