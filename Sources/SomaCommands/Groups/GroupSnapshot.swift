import Clocks
import RdKafka

/// Where groups stand in their partitions, asked once.
struct GroupSnapshot {
    struct Row {
        var partition: TopicPartition
        /// nil while nothing is committed.
        var committed: Int64?
        var marks: Watermarks
        /// nil when nobody reads the partition.
        var member: Admin.GroupDescription.Member?
        /// How long the oldest record that was not read has been waiting; nil when it cannot be told.
        var lagMilliseconds: Int64?

        /// Records that are still to be read; what the log no longer keeps cannot be.
        var lag: Int64? { committed.map { max(0, marks.high - max($0, marks.low)) } }
    }

    let group: Admin.GroupDescription
    let rows: [Row]

    var lag: Int64 { rows.reduce(0) { $0 + ($1.lag ?? 0) } }
    var lagMilliseconds: Int64 { rows.compactMap(\.lagMilliseconds).max() ?? 0 }

    /// Asks for groups, all when none is named; throws `CommandError` with status not found for one that is not there.
    static func take(_ ids: [String]?, _ invocation: Invocation) throws -> [GroupSnapshot] {
        let admin = try invocation.admin()
        let timeout = invocation.globals.timeout
        let known = try invocation.patiently { try admin.groups(deadline: timeout) }.map(\.id)
        for id in ids ?? [] where !known.contains(id) { throw CommandError.notFound("there is no group \(id)") }
        let groups = try invocation.patiently { try admin.describeGroups(ids ?? known, deadline: timeout) }
        var offsets: [String: [TopicPartition: Int64]] = [:]
        var partitions: Set<TopicPartition> = []
        for group in groups {
            let committed = try invocation.patiently { try admin.groupOffsets(group.id, deadline: timeout) }
            offsets[group.id] = committed
            partitions.formUnion(committed.keys)
            for member in group.members { partitions.formUnion(member.assignment) }
        }
        let marks = try invocation.watermarks(existing(partitions, admin, timeout), admin)
        var snapshots = groups.map { group in
            GroupSnapshot(group: group, rows: rows(group, offsets[group.id] ?? [:], marks))
        }
        try addWaits(&snapshots, invocation)
        return snapshots
    }

    /// Offsets may be left of topics that were deleted.
    private static func existing(
        _ partitions: Set<TopicPartition>,
        _ admin: Admin,
        _ timeout: Duration
    ) throws -> [TopicPartition] {
        let cluster = try admin.cluster(deadline: timeout)
        let there = Set(
            cluster.topics.flatMap { topic in topic.partitions.map { TopicPartition(topic.name, $0.index) } }
        )
        return partitions.filter { there.contains($0) }.sorted()
    }

    private static func rows(
        _ group: Admin.GroupDescription,
        _ offsets: [TopicPartition: Int64],
        _ marks: [TopicPartition: Watermarks]
    ) -> [Row] {
        var members: [TopicPartition: Admin.GroupDescription.Member] = [:]
        for member in group.members { for partition in member.assignment { members[partition] = member } }
        return Set(offsets.keys).union(members.keys).sorted().compactMap { partition in
            guard let mark = marks[partition] else { return nil }
            return Row(partition: partition, committed: offsets[partition], marks: mark, member: members[partition])
        }
    }

    /// Reads the first waiting record of each partition: its time tells how far behind the group is.
    private static func addWaits(_ snapshots: inout [GroupSnapshot], _ invocation: Invocation) throws {
        let now = Clock.system.wallMilliseconds
        let consumer = try invocation.consumer(group: nil)
        // Groups that wait at the same record share the look.
        var times: [TopicPartition: [Int64: Int64]] = [:]
        var waiting: [TopicPartition: Set<Int64>] = [:]
        for row in snapshots.flatMap(\.rows) {
            guard let lag = row.lag, lag > 0, let committed = row.committed else { continue }
            waiting[row.partition, default: []].insert(max(committed, row.marks.low))
        }
        // One round reads one place of each partition.
        while !waiting.isEmpty {
            var spans: [TopicPartition: PartitionSpans.Span] = [:]
            for (partition, offsets) in waiting {
                guard let offset = offsets.min() else { continue }
                waiting[partition]?.remove(offset)
                spans[partition] = PartitionSpans.Span(start: offset, end: offset + 1)
            }
            waiting = waiting.filter { !$0.value.isEmpty }
            _ = try LogReader(consumer: consumer).read(PartitionSpans(spans: spans), follow: false) { records in
                for record in records {
                    times[TopicPartition(record.topic, record.partition), default: [:]][record.offset] =
                        record.timestamp
                }
                return true
            }
        }
        snapshots = snapshots.map { snapshot in
            GroupSnapshot(
                group: snapshot.group,
                rows: snapshot.rows.map { row in
                    var row = row
                    guard let lag = row.lag, let committed = row.committed else { return row }
                    let time = times[row.partition]?[max(committed, row.marks.low)]
                    row.lagMilliseconds = lag == 0 ? 0 : time.map { max(0, now - $0) }
                    return row
                }
            )
        }
    }
}
