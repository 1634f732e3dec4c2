package import KafkaProtocol

/// Partitions of topics that are named by their ids.
package struct PartitionSet: Sendable, Equatable {
    /// No topic is there with an empty set.
    package private(set) var byTopic: [KafkaUUID: Set<Int32>] = [:]

    package init() {}

    package init(_ wire: [TopicIDPartitions]) {
        for topic in wire { insert(topic.topicID, topic.partitions) }
    }

    package var isEmpty: Bool { byTopic.isEmpty }
    package var count: Int { byTopic.values.reduce(0) { $0 + $1.count } }

    /// In the order of ids and numbers: what is written depends on nothing else.
    package var wire: [TopicIDPartitions] {
        byTopic.sorted { $0.key < $1.key }.map { TopicIDPartitions(topicID: $0.key, partitions: $0.value.sorted()) }
    }

    package func contains(_ topic: KafkaUUID, _ partition: Int32) -> Bool {
        byTopic[topic]?.contains(partition) ?? false
    }

    package mutating func insert(_ topic: KafkaUUID, _ partition: Int32) {
        byTopic[topic, default: []].insert(partition)
    }

    package mutating func insert(_ topic: KafkaUUID, _ partitions: some Sequence<Int32>) {
        let all = byTopic[topic, default: []].union(partitions)
        if !all.isEmpty { byTopic[topic] = all }
    }

    package func forEach(_ body: (KafkaUUID, Int32) -> Void) {
        for (topic, partitions) in byTopic { for partition in partitions { body(topic, partition) } }
    }

    package func isDisjoint(with other: PartitionSet) -> Bool {
        byTopic.allSatisfy { topic, partitions in other.byTopic[topic]?.isDisjoint(with: partitions) ?? true }
    }

    package func isSubset(of other: PartitionSet) -> Bool {
        byTopic.allSatisfy { topic, partitions in other.byTopic[topic].map { partitions.isSubset(of: $0) } ?? false }
    }
}

extension KafkaUUID: Comparable {
    package static func < (left: KafkaUUID, right: KafkaUUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// What a member owns, with the epoch from which on it owns each partition: commits of older epochs are refused.
package struct OwnedPartitions: Sendable, Equatable {
    package private(set) var epochs: [KafkaUUID: [Int32: Int32]] = [:]

    package init() {}

    package var isEmpty: Bool { epochs.isEmpty }

    package var partitions: PartitionSet {
        var set = PartitionSet()
        for (topic, partitions) in epochs { set.insert(topic, partitions.keys) }
        return set
    }

    package func epoch(_ topic: KafkaUUID, _ partition: Int32) -> Int32? { epochs[topic]?[partition] }

    package mutating func set(_ topic: KafkaUUID, _ partition: Int32, epoch: Int32) {
        epochs[topic, default: [:]][partition] = epoch
    }

    package func forEach(_ body: (KafkaUUID, Int32, Int32) -> Void) {
        for (topic, partitions) in epochs { for (partition, epoch) in partitions { body(topic, partition, epoch) } }
    }
}
