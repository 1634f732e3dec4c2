package import RdKafka

/// Topics and consumer groups at one moment.
package struct LagSnapshot: Sendable {
    /// One partition of a topic as a group reads it.
    package struct Partition: Sendable {
        package var place: TopicPartition
        /// The next offset to read; nil when the group has committed none.
        package var committed: Int64?
        /// The first offset that is kept and the next one to be written.
        package var watermarks: Watermarks
        /// Records not processed yet, none below the log start; nil when nothing is committed.
        package var lag: Int64?
        /// Age of the oldest record not processed yet, by the records' timestamps; nil when it is not known.
        package var lagSeconds: Double?
        /// The client id of the member that owns it.
        package var clientID: String?
        package var host: String?
        package var status: LagStatus

        /// What the exporters write for a lag that is not known.
        package var exportedLag: Int64 { lag ?? -1 }
    }

    package struct Group: Sendable {
        package var id: String
        /// Kafka's word for it, such as `Stable` or `Empty`.
        package var state: String
        package var assignor: String
        package var memberCount: Int
        /// In order of topic and partition.
        package var partitions: [Partition]

        package var lag: Int64 { partitions.reduce(0) { $0 + max(0, $1.lag ?? 0) } }
        package var lagSeconds: Double { partitions.reduce(0) { max($0, $1.lagSeconds ?? 0) } }
        /// The worst of its partitions.
        package var status: LagStatus { partitions.map(\.status).max() ?? .ok }
    }

    package struct Topic: Sendable {
        package var name: String
        /// By partition number.
        package var partitions: [Watermarks]
        /// Records written per second since the last measurement; nil at the first.
        package var recordsPerSecond: Double?

        /// Offsets that are kept; on compacted topics some of them have no record.
        package var recordCount: Int64 { partitions.reduce(0) { $0 + max(0, $1.high - $1.low) } }
    }

    /// Milliseconds since 1970 of the measurement.
    package var time: Int64
    package var brokerCount: Int
    /// By id in alphabetic order.
    package var groups: [Group]
    /// By name in alphabetic order, without Kafka's own.
    package var topics: [Topic]
    /// Why the last measurement failed; the rest is the one before then.
    package var failure: String?

    package static let empty = LagSnapshot(time: 0, brokerCount: 0, groups: [], topics: [], failure: nil)

    package func group(_ id: String) -> Group? { groups.first { $0.id == id } }
    package func topic(_ name: String) -> Topic? { topics.first { $0.name == name } }
}
