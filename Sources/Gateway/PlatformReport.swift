/// Topics and groups at one moment, as the console shows them.
package struct PlatformReport: Sendable {
    package struct Partition: Sendable {
        package var topic: String
        package var partition: Int32
        package var committed: Int64?
        package var end: Int64
        /// Records not yet processed; nil when nothing was committed.
        package var lag: Int64?
        package var lagSeconds: Double?
        package var member: String?

        package init(
            topic: String,
            partition: Int32,
            committed: Int64?,
            end: Int64,
            lag: Int64?,
            lagSeconds: Double?,
            member: String?
        ) {
            self.topic = topic
            self.partition = partition
            self.committed = committed
            self.end = end
            self.lag = lag
            self.lagSeconds = lagSeconds
            self.member = member
        }
    }

    package struct Group: Sendable {
        package var id: String
        /// Kafka's word for it, such as `Stable` or `Empty`.
        package var state: String
        /// The verdict on its progress: `OK`, `WARN`, `STOP`, `STALL`, `REWIND`.
        package var status: String
        package var memberCount: Int
        package var partitions: [Partition]

        package init(id: String, state: String, status: String, memberCount: Int, partitions: [Partition]) {
            self.id = id
            self.state = state
            self.status = status
            self.memberCount = memberCount
            self.partitions = partitions
        }

        var lag: Int64 { partitions.reduce(0) { $0 + ($1.lag ?? 0) } }
        var lagSeconds: Double { partitions.reduce(0) { max($0, $1.lagSeconds ?? 0) } }
    }

    package struct Topic: Sendable {
        package var name: String
        package var partitionCount: Int
        /// Records that are kept.
        package var recordCount: Int64
        package var recordsPerSecond: Double
        /// Bytes on disk, where the broker tells.
        package var byteCount: Int64?

        package init(
            name: String,
            partitionCount: Int,
            recordCount: Int64,
            recordsPerSecond: Double,
            byteCount: Int64? = nil
        ) {
            self.name = name
            self.partitionCount = partitionCount
            self.recordCount = recordCount
            self.recordsPerSecond = recordsPerSecond
            self.byteCount = byteCount
        }
    }

    /// Milliseconds since 1970 of the measurement.
    package var time: Int64
    package var groups: [Group]
    package var topics: [Topic]

    package init(time: Int64, groups: [Group], topics: [Topic]) {
        self.time = time
        self.groups = groups
        self.topics = topics
    }
}
