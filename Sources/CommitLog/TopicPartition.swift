/// The name of a partition.
package struct TopicPartition: Hashable, Sendable, CustomStringConvertible {
    package let topic: String
    package let partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `<topic>-<partition>`, the name of its directory.
    package var description: String { "\(topic)-\(partition)" }

    /// Reads a directory's name; nil when it is not a partition's.
    package init?(directoryName: String) {
        guard let dash = directoryName.lastIndex(of: "-"), dash > directoryName.startIndex,
            let partition = Int32(directoryName[directoryName.index(after: dash)...]), partition >= 0
        else { return nil }
        self.init(topic: String(directoryName[..<dash]), partition: partition)
        guard description == directoryName else { return nil }
    }
}

extension TopicPartition: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}
