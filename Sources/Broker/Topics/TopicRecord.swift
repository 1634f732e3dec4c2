package import KafkaProtocol

/// What is remembered about a topic besides its data.
package struct TopicRecord: Sendable, Equatable {
    package var name: String
    package var id: KafkaUUID
    package var partitionCount: Int32
    package var configs: TopicConfigs

    package init(name: String, id: KafkaUUID, partitionCount: Int32, configs: TopicConfigs) {
        self.name = name
        self.id = id
        self.partitionCount = partitionCount
        self.configs = configs
    }
}

/// The names that the broker keeps for itself, and what names may look like.
package enum TopicName {
    package static let consumerOffsets = "__consumer_offsets"
    package static let transactionState = "__transaction_state"

    /// Kafka's limit: with the partition number it must fit a file name.
    package static let byteCountMax = 249
    /// The most partitions of one topic.
    package static let partitionsMax: Int32 = 10_000

    package static func isInternal(_ name: String) -> Bool { name == consumerOffsets || name == transactionState }

    /// What is wrong with a name, nil when nothing is.
    package static func problem(_ name: String) -> String? {
        if name.isEmpty { return "the topic name is empty" }
        if name == "." || name == ".." { return "the topic name cannot be '\(name)'" }
        if name.utf8.count > byteCountMax { return "the topic name is longer than \(byteCountMax) characters" }
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                continue
            default:
                return "the topic name contains a character other than letters, digits, '.', '_' and '-'"
            }
        }
        return nil
    }
}
