package import CommitLog
package import KafkaProtocol

/// A topic that exists, with its open partitions; replaced as a whole when it changes.
package final class Topic: Sendable {
    package let name: String
    package let id: KafkaUUID
    package let configs: TopicConfigs
    package let partitions: [PartitionLog]
    package let isInternal: Bool
    package let isCompacted: Bool

    init(_ record: TopicRecord, partitions: [PartitionLog], broker: BrokerSettings) {
        name = record.name
        id = record.id
        configs = record.configs
        self.partitions = partitions
        isInternal = TopicName.isInternal(record.name)
        isCompacted = record.configs.isCompacted(broker)
    }

    /// Leaders never change on one node, so neither does the epoch.
    package static let leaderEpoch: Int32 = 0

    var record: TopicRecord {
        TopicRecord(name: name, id: id, partitionCount: Int32(partitions.count), configs: configs)
    }

    /// The partition of that number, nil when there is none.
    package func partition(_ index: Int32) -> PartitionLog? {
        guard let index = Int(exactly: index), partitions.indices.contains(index) else { return nil }
        return partitions[index]
    }
}
