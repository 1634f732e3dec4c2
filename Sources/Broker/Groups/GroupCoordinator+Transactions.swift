import CommitLog
import EventLoop
import KafkaProtocol

/// Offsets that are committed inside transactions: they count when the transaction's marker is on disk (KIP-98, KIP-447).
extension GroupCoordinator {
    /// The partition of `__consumer_offsets` that a group's offsets are in.
    func offsetsPartition(_ groupID: String) -> TopicPartition {
        TopicPartition(topic: TopicName.consumerOffsets, partition: Int32(store.partitionIndex(groupID)))
    }

    /// Takes offsets into a producer's transaction; `answer` gets one code when they are on disk or refused.
    ///
    /// The caller has seen that the transaction is open and holds the group's partition.
    func commitInTransaction(
        _ groupID: String,
        memberID: String,
        instanceID: String?,
        generation: Int32,
        producer: ProducerIdentity,
        version: Int16,
        _ offsets: [(TopicPartition, CommittedOffset)],
        _ answer: @escaping @Sendable (ErrorCode) -> Void
    ) {
        if groups[groupID] == nil, generation >= 0 { return answer(.illegalGeneration) }
        let group = group(groupID, emptySince: Int64.min / 2)
        let error = commitProblem(
            group,
            memberID: memberID,
            instanceID: instanceID,
            generation: generation,
            isTransactional: true,
            version: version,
            offsets.map(\.0)
        )
        guard error == .none, !offsets.isEmpty else {
            if group.isVacant, group.written == nil, group.consumer == nil, !pending.hasPending(group: groupID) {
                forget(groupID)
            }
            return answer(error)
        }
        let position = store.append(
            group: groupID,
            offsets.map { .offset(group: groupID, $0.0, $0.1) },
            by: producer
        ) { [self] error, position in
            if error == .none {
                pending.settle(group: groupID, producerID: producer.id, through: position)
            } else {
                pending.takeBack(group: groupID, producerID: producer.id, at: position)
            }
            answer(error)
        }
        guard let position else { return }
        pending.append(group: groupID, producerID: producer.id, offsets, at: position)
    }

    /// A producer's transaction is decided and its marker in a partition of `__consumer_offsets` is on disk, at
    /// `markerOffset`.
    func endTransaction(producerID: Int64, partition: Int32, isCommit: Bool, markerOffset: Int64) {
        let ended = pending.end(producerID: producerID, markerOffset: markerOffset) { group in
            store.partitionIndex(group) == Int(partition)
        }
        guard isCommit else { return }
        for (id, offsets) in ended {
            group(id, emptySince: Int64.min / 2).offsets.merge(offsets) { _, new in new }
        }
    }

    /// Takes note of what is read back at a start.
    ///
    /// - Returns: The record if it counts by itself.
    func settle(_ item: GroupStore.Item, in stored: TopicPartition) -> GroupRecord? {
        switch item {
        case .marker(let marker, let producerID, let offset):
            endTransaction(
                producerID: producerID,
                partition: stored.partition,
                isCommit: marker.isCommit,
                markerOffset: offset
            )
            return nil
        case .record(.offset(let group, let partition, let offset?), let producerID?, let position):
            pending.append(group: group, producerID: producerID, [(partition, offset)], at: position)
            pending.settle(group: group, producerID: producerID, through: position)
            return nil
        case .record(let record, _, _):
            return record
        }
    }
}
