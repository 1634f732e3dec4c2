/// One partition of a topic.
package struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32

    package init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package var description: String { "\(topic)/\(partition)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

/// A place in a partition: an offset, or a word for one that the broker knows.
package enum OffsetPosition: Sendable, Hashable {
    case offset(Int64)
    /// The oldest record that is kept.
    case beginning
    /// Where the next record will be written.
    case end

    init?(wire: Int64) {
        switch wire {
        case -2: self = .beginning
        case -1: self = .end
        case 0...: self = .offset(wire)
        default: return nil
        }
    }

    /// librdkafka's and the protocol's number of it.
    var wire: Int64 {
        switch self {
        case .offset(let offset): offset
        case .beginning: -2
        case .end: -1
        }
    }
}

/// The first and the next offset of a partition.
package struct Watermarks: Sendable, Hashable {
    /// The offset of the oldest record that is kept.
    package var low: Int64
    /// The offset that the next record will get.
    package var high: Int64

    package init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }
}
