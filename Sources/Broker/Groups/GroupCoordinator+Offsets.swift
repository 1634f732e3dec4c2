import CommitLog
import EventLoop
import KafkaProtocol

/// Committed offsets, and what administrators ask.
extension GroupCoordinator {
    /// Takes a commit; `answer` gets one code for all partitions when they are on disk or refused.
    func commit(
        _ groupID: String,
        memberID: String,
        instanceID: String?,
        generation: Int32,
        version: Int16,
        _ offsets: [(TopicPartition, CommittedOffset)],
        _ answer: @escaping @Sendable (ErrorCode) -> Void
    ) {
        if groups[groupID] == nil, generation >= 0 {
            return answer(version >= 9 ? .groupIDNotFound : .illegalGeneration)
        }
        let group = group(groupID, emptySince: Int64.min / 2)
        // A topic can go between the question and here; one that comes back under its name begins at offset 0.
        guard offsets.allSatisfy({ catalogue.partition($0.0.topic, $0.0.partition) != nil }) else {
            return answer(.unknownTopicOrPartition)
        }
        let error = commitProblem(
            group,
            memberID: memberID,
            instanceID: instanceID,
            generation: generation,
            version: version,
            offsets.map(\.0)
        )
        guard error == .none, !offsets.isEmpty else {
            if group.isVacant, group.written == nil, group.consumer == nil { forget(groupID) }
            return answer(error)
        }
        store.append(group: groupID, offsets.map { .offset(group: groupID, $0.0, $0.1) }, then: answer)
        for (partition, offset) in offsets { group.offsets[partition] = offset }
    }

    /// Whether a commit of this member is taken, `generation` being the member's epoch in the consumer protocol.
    func commitProblem(
        _ group: Group,
        memberID: String,
        instanceID: String?,
        generation: Int32,
        isTransactional: Bool = false,
        version: Int16,
        _ partitions: [TopicPartition]
    ) -> ErrorCode {
        guard let consumer = group.consumer else {
            return group.state.checkCommit(
                memberID: memberID,
                instanceID: instanceID,
                generation: generation,
                isTransactional: isTransactional,
                now: loop.nowMilliseconds
            )
        }
        return consumer.commitProblem(
            memberID: memberID,
            epoch: generation,
            isTransactional: isTransactional,
            version: version,
            partitions: partitions.compactMap { partition in
                topic(partition.topic).map { ($0.id, partition.partition) }
            }
        )
    }

    /// Gives the offsets of a group, none for one that does not exist.
    ///
    /// A client that gives its member id and epoch wants to hear when they are out of date (KIP-848).
    func offsets(
        _ groupID: String,
        memberID: String? = nil,
        memberEpoch: Int32 = -1,
        _ answer: @escaping @Sendable (ErrorCode, [TopicPartition: CommittedOffset]) -> Void
    ) {
        guard !groupID.isEmpty else { return answer(.invalidGroupID, [:]) }
        guard let group = groups[groupID] else { return answer(.none, [:]) }
        if let error = group.consumer?.readProblem(memberID: memberID, epoch: memberEpoch), error != .none {
            return answer(error, [:])
        }
        let offsets = group.offsets
        store.afterPendingWrites(group: groupID) { answer(.none, offsets) }
    }

    /// Deletes a group with its offsets, unless it has members.
    func delete(_ groupID: String, _ answer: @escaping @Sendable (ErrorCode) -> Void) {
        guard let group = groups[groupID] else { return answer(groupID.isEmpty ? .invalidGroupID : .groupIDNotFound) }
        guard group.isEmpty else { return answer(.nonEmptyGroup) }
        let partitions = pending.partitions(group: groupID).union(group.offsets.keys)
        let records = partitions.map { GroupRecord.offset(group: groupID, $0, nil) } + group.endRecords
        pending.forget(group: groupID)
        forget(groupID)
        store.append(group: groupID, records, then: answer)
    }

    /// Deletes offsets of partitions that no member of the group consumes.
    ///
    /// - Returns: Through `answer`: a code for the whole, and the partitions that are in use.
    func deleteOffsets(
        _ groupID: String,
        _ partitions: [TopicPartition],
        _ answer: @escaping @Sendable (ErrorCode, Set<TopicPartition>) -> Void
    ) {
        guard let group = groups[groupID] else { return answer(.groupIDNotFound, []) }
        var inUse: Set<TopicPartition> = []
        if !group.isEmpty {
            guard let topics = group.subscribedTopics else { return answer(.nonEmptyGroup, []) }
            inUse = Set(partitions.filter { topics.contains($0.topic) })
        }
        let unstable = pending.partitions(group: groupID)
        let gone = partitions.filter {
            !inUse.contains($0) && (group.offsets[$0] != nil || unstable.contains($0))
        }
        for partition in gone {
            group.offsets[partition] = nil
            pending.forget(group: groupID, partition)
        }
        guard !gone.isEmpty else { return answer(.none, inUse) }
        store.append(group: groupID, gone.map { .offset(group: groupID, $0, nil) }) { [inUse] error in
            answer(error, inUse)
        }
    }

    /// Forgets offsets whose topic was deleted just before the broker ended.
    func forgetMissingTopics() {
        var topics = Set(groups.values.lazy.flatMap { $0.offsets.keys.lazy.map(\.topic) })
        for group in pending.groups { topics.formUnion(pending.partitions(group: group).map(\.topic)) }
        for topic in topics where catalogue.topic(topic) == nil { topicDeleted(topic) }
    }

    /// Calls `then` when everything appended so far is on disk.
    func afterPendingWrites(from index: Int = 0, _ then: @escaping @Sendable () -> Void) {
        guard index < store.partitionCount else { return then() }
        store.afterPendingWrites(partition: index) { [self] in afterPendingWrites(from: index + 1, then) }
    }

    /// Forgets what groups have committed for a topic that is gone: one of its name would begin at offset 0 again.
    func topicDeleted(_ topic: String) {
        for id in Set(groups.keys).union(pending.groups) {
            let gone = pending.partitions(group: id).union(groups[id]?.offsets.keys.map(\.self) ?? [])
                .filter { $0.topic == topic }
            guard !gone.isEmpty else { continue }
            for partition in gone {
                groups[id]?.offsets[partition] = nil
                pending.forget(group: id, partition)
            }
            store.append(group: id, gone.map { .offset(group: id, $0, nil) }) { _ in }
        }
    }
}
