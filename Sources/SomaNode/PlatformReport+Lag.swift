package import ConsumerLag
package import Gateway
private import RdKafka

extension PlatformReport {
    /// What the console shows of a measurement; nil before the first.
    package init?(_ snapshot: LagSnapshot) {
        guard snapshot.time > 0 else { return nil }
        self.init(
            time: snapshot.time,
            groups: snapshot.groups.map { Group($0) },
            topics: snapshot.topics.map { Topic($0) }
        )
    }
}

extension PlatformReport.Group {
    init(_ group: LagSnapshot.Group) {
        self.init(
            id: group.id,
            state: group.state,
            status: group.status.name,
            memberCount: group.memberCount,
            partitions: group.partitions.map { partition in
                PlatformReport.Partition(
                    topic: partition.place.topic,
                    partition: partition.place.partition,
                    committed: partition.committed,
                    end: partition.watermarks.high,
                    lag: partition.lag,
                    lagSeconds: partition.lagSeconds,
                    member: partition.clientID
                )
            }
        )
    }
}

extension PlatformReport.Topic {
    init(_ topic: LagSnapshot.Topic) {
        self.init(
            name: topic.name,
            partitionCount: topic.partitions.count,
            recordCount: topic.recordCount,
            recordsPerSecond: topic.recordsPerSecond ?? 0
        )
    }
}
