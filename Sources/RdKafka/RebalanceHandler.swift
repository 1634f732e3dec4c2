/// Told of changes of a consumer's assignment, on the polling thread and between batches.
package protocol RebalanceHandler: AnyObject {
    /// Partitions come. What is returned says where to start; for the others it is the group's committed offset, or
    /// the consumer's start policy when there is none.
    func partitionsWillBeAssigned(_ partitions: [TopicPartition]) throws -> [TopicPartition: OffsetPosition]

    /// Partitions have come; `positions` has the next offset where it is known.
    func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) throws

    /// Partitions go: finish and commit what was read of them.
    ///
    /// `isLost`: They belong to another member already and a commit will be refused.
    func partitionsWillBeRevoked(_ partitions: [TopicPartition], isLost: Bool) throws

    /// All records up to this offset have been handed out; told only with `enable.partition.eof`, and after the batch
    /// that holds the last of them.
    func partitionEnded(_ partition: TopicPartition, offset: Int64)

    /// The position of a partition is no longer kept by the broker.
    ///
    /// - Returns: Where to go on; nil makes `poll` throw.
    func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition?
}

extension RebalanceHandler {
    package func partitionsWillBeAssigned(_ partitions: [TopicPartition]) -> [TopicPartition: OffsetPosition] { [:] }
    package func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) {}
    package func partitionsWillBeRevoked(_ partitions: [TopicPartition], isLost: Bool) {}
    package func partitionEnded(_ partition: TopicPartition, offset: Int64) {}
    package func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? { nil }
}
