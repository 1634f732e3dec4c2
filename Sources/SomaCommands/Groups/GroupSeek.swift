import Clocks
import JSON
import RdKafka

/// The command `soma group seek`.
enum GroupSeek {
    static let command = Command(
        "seek",
        "Move the offsets of a group without members.",
        arguments: [.required("GROUP", "A consumer group.")],
        options: [
            Command.Option("to", "PLACE", "start, end, a time (RFC 3339, unix time, -1h), N, +N or -N."),
            Command.Option("to-group", "GROUP", "Where another group stands."),
            Command.Option(
                "topics",
                "T,...",
                repeats: true,
                "Only these topics; needed for topics the group never read."
            ),
            .flag("dry-run", "Show what would be, change nothing."),
        ],
        details: "A number is an offset; +N and -N go from where the group stands, as --shift-by of Kafka's own tool.",
        examples: ["soma group seek billing-rater --to start --dry-run", "soma group seek g --to 2026-11-01T00:00:00Z"]
    ) { invocation in
        let group = invocation.words[0]
        let admin = try invocation.admin()
        let timeout = invocation.globals.timeout
        let topics = invocation.list("topics")
        try checkInactive(group, admin, invocation, mayBeNew: !topics.isEmpty)
        let current = try invocation.patiently { try admin.groupOffsets(group, deadline: timeout) }
        var partitions = try topics.isEmpty ? Array(current.keys) : invocation.partitions(of: topics, admin)
        partitions.sort()
        guard !partitions.isEmpty else { throw CommandError.notFound("group \(group) has no offsets; name --topics") }
        let wanted = try targets(partitions, current, admin, invocation)
        if !invocation.flag("dry-run") {
            try invocation.confirm("Move \(group) in \(wanted.count) partitions?")
            try admin.alterGroupOffsets(group, wanted, deadline: timeout)
        }
        try emit(partitions, current, wanted, invocation)
        return .success
    }

    /// A member would go on from its own position and commit over ours.
    static func checkInactive(_ group: String, _ admin: Admin, _ invocation: Invocation, mayBeNew: Bool) throws {
        let timeout = invocation.globals.timeout
        guard try invocation.patiently({ try admin.groups(deadline: timeout) }).contains(where: { $0.id == group })
        else {
            guard mayBeNew else { throw CommandError.notFound("there is no group \(group)") }
            return
        }
        let found = try invocation.patiently { try admin.describeGroups([group], deadline: timeout) }.first
        guard let members = found?.members, !members.isEmpty else { return }
        throw CommandError("group \(group) has \(members.count) members: stop them first, then move its offsets")
    }

    private static func targets(
        _ partitions: [TopicPartition],
        _ current: [TopicPartition: Int64],
        _ admin: Admin,
        _ invocation: Invocation
    ) throws -> [TopicPartition: Int64] {
        switch (invocation.option("to"), invocation.option("to-group")) {
        case (let to?, nil):
            return try targets(to, partitions, current, admin, invocation)
        case (nil, let other?):
            let offsets = try admin.groupOffsets(other, deadline: invocation.globals.timeout)
            return offsets.filter { partitions.contains($0.key) }
        default: throw CommandError.usage("give one of --to and --to-group")
        }
    }

    static func targets(
        _ to: String,
        _ partitions: [TopicPartition],
        _ current: [TopicPartition: Int64],
        _ admin: Admin,
        _ invocation: Invocation
    ) throws -> [TopicPartition: Int64] {
        if to.hasPrefix("+") || to.hasPrefix("-"), let shift = Int64(to) {
            let marks = try invocation.watermarks(partitions, admin)
            return current.filter { partitions.contains($0.key) }.reduce(into: [:]) { result, entry in
                let (sum, overflow) = entry.value.addingReportingOverflow(shift)
                let low = marks[entry.key]?.low ?? 0
                result[entry.key] = min(max(overflow ? .max : sum, low), marks[entry.key]?.high ?? low)
            }
        }
        let now = Clock.system.wallMilliseconds
        let range: OffsetRange
        // Small numbers are offsets, ten digits and more are unix time, as rpk reads them.
        if let time = TimeText.milliseconds(to, now: now), Int64(to).map({ $0 >= 1_000_000_000 }) ?? true {
            range = OffsetRange(start: .time(time))
        } else {
            range = try OffsetRange(to, now: now)
        }
        return try PartitionSpans.resolve(range, partitions, admin, invocation).spans.mapValues(\.start)
    }

    private static func emit(
        _ partitions: [TopicPartition],
        _ current: [TopicPartition: Int64],
        _ wanted: [TopicPartition: Int64],
        _ invocation: Invocation
    ) throws {
        var table = Table(.left("TOPIC"), .right("PARTITION"), .right("PRIOR-OFFSET"), .right("NEW-OFFSET"))
        var list: [JSON] = []
        for partition in partitions {
            guard let new = wanted[partition] else { continue }
            table.add(
                partition.topic,
                "\(partition.partition)",
                current[partition].map { "\($0)" } ?? "-",
                "\(new)"
            )
            list.append([
                "topic": .string(partition.topic), "partition": .integer(Int64(partition.partition)),
                "prior_offset": current[partition].map { .integer($0) } ?? nil, "new_offset": .integer(new),
            ])
        }
        try invocation.emit(table, .array(list))
        if invocation.flag("dry-run") { invocation.console.say("nothing was changed: --dry-run") }
    }
}
