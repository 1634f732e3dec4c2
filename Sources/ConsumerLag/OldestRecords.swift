import RdKafka

/// Finds the timestamps of the oldest unprocessed records: one record per lagging partition, fetched once per position.
final class OldestRecords {
    /// A position of some group in a partition.
    struct Position: Hashable {
        var place: TopicPartition
        var offset: Int64
    }

    /// nil: there is no record at or after the position, only control records or gaps.
    private var found: [Position: Int64?] = [:]
    private let brokers: String
    private var consumer: Consumer?

    /// Positions asked per measurement; the others have their turn at the next.
    private static let positionsMax = 512

    init(brokers: String) { self.brokers = brokers }

    /// The timestamps of the first records at or after positions, in milliseconds since 1970.
    func timestamps(_ positions: Set<Position>, deadline: Duration) throws -> [Position: Int64] {
        found = found.filter { positions.contains($0.key) }
        let end = ContinuousClock.now + deadline
        var wanted = positions.filter { found[$0] == nil }.sorted {
            ($0.place, $0.offset) < ($1.place, $1.offset)
        }.prefix(Self.positionsMax)
        // A consumer reads a partition at one place at a time: groups at different places take turns.
        while !wanted.isEmpty && ContinuousClock.now < end {
            var round: [TopicPartition: Int64] = [:]
            var later: [Position] = []
            for position in wanted {
                if round[position.place] == nil {
                    round[position.place] = position.offset
                } else {
                    later.append(position)
                }
            }
            try fetch(round, until: end)
            wanted = later[...]
        }
        return found.compactMapValues { $0 }
    }

    private func fetch(_ round: [TopicPartition: Int64], until end: ContinuousClock.Instant) throws {
        let consumer = try self.consumer ?? open()
        self.consumer = consumer
        try consumer.assign(round.mapValues { .offset($0) })
        defer { try? consumer.assign([:]) }
        let ends = Ends(Set(round.keys))
        while !ends.left.isEmpty && ContinuousClock.now < end {
            let batch = try consumer.poll(maxRecords: 1000, timeout: .milliseconds(50), handler: ends)
            for run in batch.runs where ends.left.remove(run.partition) != nil {
                guard let offset = round[run.partition] else { continue }
                let timestamp = batch[run.range.lowerBound].timestamp
                found[Position(place: run.partition, offset: offset)] = .some(timestamp >= 0 ? timestamp : nil)
            }
        }
        for partition in ends.empty {
            guard let offset = round[partition] else { continue }
            found[Position(place: partition, offset: offset)] = .some(nil)
        }
    }

    private func open() throws(KafkaError) -> Consumer {
        try Consumer(
            brokers: brokers,
            group: nil,
            settings: [
                // One batch is enough; the broker sends at least one whatever its size.
                "fetch.message.max.bytes": "1024", "queued.min.messages": "1", "fetch.wait.max.ms": "10",
                "enable.partition.eof": "true", "client.id": "lag",
            ]
        )
    }

    /// Notes partitions that end without a record.
    private final class Ends: RebalanceHandler {
        var left: Set<TopicPartition>
        var empty: Set<TopicPartition> = []

        init(_ partitions: Set<TopicPartition>) { left = partitions }

        func partitionEnded(_ partition: TopicPartition, offset: Int64) {
            if left.remove(partition) != nil { empty.insert(partition) }
        }

        func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? {
            // Deleted between the two questions; the next measurement starts from the new log start.
            left.remove(partition)
            return .end
        }
    }
}
