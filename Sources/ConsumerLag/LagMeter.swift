package import Clocks
import RdKafka

/// Measures topics and groups; keeps what a measurement needs of those before.
///
/// Blocks; used by one thread.
package final class LagMeter {
    private struct Key: Hashable {
        let group: String
        let place: TopicPartition
    }

    private let admin: Admin
    private let oldest: OldestRecords
    private let clock: Clock
    private let deadline: Duration
    private var windows: [Key: LagWindow] = [:]
    private var previousEnds: [TopicPartition: Int64] = [:]
    private var previousTime: Int64?

    package init(brokers: String, clock: Clock = .system, deadline: Duration = .seconds(5)) throws {
        admin = try Admin(brokers: brokers, settings: ["client.id": "lag"])
        oldest = OldestRecords(brokers: brokers)
        self.clock = clock
        self.deadline = deadline
    }

    /// Measures once.
    ///
    /// `groups`: nil measures all.
    package func measure(groups wanted: [String]? = nil) throws -> LagSnapshot {
        let cluster = try admin.cluster(deadline: deadline)
        // Committed offsets first, ends later: a lag is never negative then.
        let ids = try wanted ?? admin.groups(deadline: deadline).map(\.id)
        let descriptions = try admin.describeGroups(ids, deadline: deadline)
        var committed: [String: [TopicPartition: Int64]] = [:]
        for id in ids { committed[id] = try admin.groupOffsets(id, deadline: deadline) }
        let names = cluster.topics.filter { !$0.name.hasPrefix("__") && $0.error == nil }
        let places = names.flatMap { topic in
            topic.partitions.filter { $0.leader >= 0 }.map { TopicPartition(topic.name, $0.index) }
        }
        let low = try admin.listOffsets(places, .earliest, deadline: deadline)
        let high = try admin.listOffsets(places, .latest, deadline: deadline)
        var marks: [TopicPartition: Watermarks] = [:]
        for place in places { marks[place] = Watermarks(low: low[place] ?? 0, high: high[place] ?? 0) }
        let now = clock.wallMilliseconds
        let groups = try measure(descriptions, committed, marks, now)
        let topics = names.map { topic in
            LagSnapshot.Topic(
                name: topic.name,
                partitions: topic.partitions.map {
                    marks[TopicPartition(topic.name, $0.index)] ?? Watermarks(low: 0, high: 0)
                },
                recordsPerSecond: rate(topic.name, topic.partitions.map(\.index), high)
            )
        }
        previousEnds = high
        previousTime = clock.monotonicNanoseconds
        return LagSnapshot(
            time: now,
            brokerCount: cluster.brokers.count,
            groups: groups,
            topics: topics,
            failure: nil
        )
    }

    private func rate(_ topic: String, _ partitions: [Int32], _ ends: [TopicPartition: Int64]) -> Double? {
        guard let previousTime else { return nil }
        let seconds = Double(clock.monotonicNanoseconds - previousTime) / 1e9
        guard seconds > 0 else { return nil }
        let written = partitions.reduce(Int64(0)) { sum, index in
            let place = TopicPartition(topic, index)
            guard let end = ends[place] else { return sum }
            return sum + max(0, end - (previousEnds[place] ?? 0))
        }
        return Double(written) / seconds
    }

    private func measure(
        _ descriptions: [Admin.GroupDescription],
        _ committed: [String: [TopicPartition: Int64]],
        _ marks: [TopicPartition: Watermarks],
        _ now: Int64
    ) throws -> [LagSnapshot.Group] {
        var groups = descriptions.map { Self.group($0, committed[$0.id] ?? [:], marks) }
        var positions: Set<OldestRecords.Position> = []
        var keys: Set<Key> = []
        for group in groups {
            for partition in group.partitions where (partition.lag ?? 0) > 0 {
                positions.insert(Self.position(partition))
            }
        }
        let timestamps = try oldest.timestamps(positions, deadline: .seconds(1))
        for (index, group) in groups.enumerated() {
            for (place, partition) in group.partitions.enumerated() {
                let key = Key(group: group.id, place: partition.place)
                keys.insert(key)
                if let lag = partition.lag, let committed = partition.committed {
                    windows[key, default: LagWindow()].add(committed: committed, lag: lag)
                    let age = timestamps[Self.position(partition)].map { max(0, Double(now - $0) / 1000) }
                    groups[index].partitions[place].lagSeconds = lag == 0 ? 0 : age
                }
                groups[index].partitions[place].status =
                    windows[key]?.status(hasOwner: partition.clientID != nil) ?? .ok
            }
        }
        windows = windows.filter { keys.contains($0.key) }
        return groups
    }

    private static func position(_ partition: LagSnapshot.Partition) -> OldestRecords.Position {
        OldestRecords.Position(
            place: partition.place,
            offset: max(partition.committed ?? 0, partition.watermarks.low)
        )
    }

    private static func group(
        _ description: Admin.GroupDescription,
        _ committed: [TopicPartition: Int64],
        _ marks: [TopicPartition: Watermarks]
    ) -> LagSnapshot.Group {
        var owners: [TopicPartition: Admin.GroupDescription.Member] = [:]
        for member in description.members {
            for place in member.assignment { owners[place] = member }
        }
        let places = Set(committed.keys).union(owners.keys).sorted()
        let partitions = places.compactMap { place -> LagSnapshot.Partition? in
            // A topic that was deleted leaves its commits behind; nothing lags there.
            guard let marks = marks[place] else { return nil }
            return LagSnapshot.Partition(
                place: place,
                committed: committed[place],
                watermarks: marks,
                lag: committed[place].map { max(0, marks.high - max($0, marks.low)) },
                lagSeconds: nil,
                clientID: owners[place]?.clientID,
                host: owners[place]?.host,
                status: .ok
            )
        }
        return LagSnapshot.Group(
            id: description.id,
            state: description.state,
            assignor: description.assignor,
            memberCount: description.members.count,
            partitions: partitions
        )
    }
}
