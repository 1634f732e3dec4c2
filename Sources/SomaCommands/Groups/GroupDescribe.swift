import JSON
import RdKafka

/// The command `soma group describe`.
enum GroupDescribe {
    static let command = Command(
        "describe",
        "Show where groups stand in each partition.",
        arguments: [.any("GROUP", "A consumer group.")],
        options: [
            .flag("all", "a", "All groups."), .flag("summary", "s", "One line per group."),
            .flag("lag-only", "Only partitions with lag."),
        ]
    ) { invocation in
        guard invocation.flag("all") != !invocation.words.isEmpty else {
            throw CommandError.usage("name groups, or give --all")
        }
        let snapshots = try GroupSnapshot.take(invocation.flag("all") ? nil : invocation.words, invocation)
        if invocation.flag("summary") {
            try invocation.emit(summary(snapshots), .array(snapshots.map { json($0, rows: []) }))
            return .success
        }
        let kept = snapshots.map { snapshot in
            (snapshot, snapshot.rows.filter { !invocation.flag("lag-only") || $0.lag != 0 })
        }
        try invocation.emit(table(kept), .array(kept.map { json($0.0, rows: $0.1) }))
        return .success
    }

    private static func summary(_ snapshots: [GroupSnapshot]) -> Table {
        var table = Table(
            .left("GROUP"),
            .left("STATE"),
            .right("MEMBERS"),
            .right("PARTITIONS"),
            .right("TOTAL-LAG"),
            .right("LAG-SECONDS")
        )
        for snapshot in snapshots {
            table.add(
                snapshot.group.id,
                snapshot.group.state,
                "\(snapshot.group.members.count)",
                "\(snapshot.rows.count)",
                "\(snapshot.lag)",
                seconds(snapshot.lagMilliseconds)
            )
        }
        return table
    }

    private static func table(_ snapshots: [(GroupSnapshot, [GroupSnapshot.Row])]) -> Table {
        var table = Table(
            .left("GROUP"),
            .left("TOPIC"),
            .right("PARTITION"),
            .right("CURRENT-OFFSET"),
            .right("LOG-START-OFFSET", wide: true),
            .right("LOG-END-OFFSET"),
            .right("LAG"),
            .right("LAG-SECONDS"),
            .left("CONSUMER-ID"),
            .left("HOST"),
            .left("CLIENT-ID")
        )
        for (snapshot, rows) in snapshots {
            for row in rows {
                table.add(
                    snapshot.group.id,
                    row.partition.topic,
                    "\(row.partition.partition)",
                    row.committed.map { "\($0)" } ?? "-",
                    "\(row.marks.low)",
                    "\(row.marks.high)",
                    row.lag.map { "\($0)" } ?? "-",
                    row.lagMilliseconds.map(seconds) ?? "-",
                    row.member?.id ?? "-",
                    row.member?.host ?? "-",
                    row.member?.clientID ?? "-"
                )
            }
        }
        return table
    }

    /// Milliseconds as seconds with one decimal.
    static func seconds(_ milliseconds: Int64) -> String {
        "\(milliseconds / 1000).\(milliseconds % 1000 / 100)"
    }

    private static func json(_ snapshot: GroupSnapshot, rows: [GroupSnapshot.Row]) -> JSON {
        var members: [JSON.Member] = [
            JSON.Member("group", .string(snapshot.group.id)), JSON.Member("state", .string(snapshot.group.state)),
            JSON.Member("members", .integer(Int64(snapshot.group.members.count))),
            JSON.Member("lag", .integer(snapshot.lag)),
            JSON.Member("lag_seconds", .number(Double(snapshot.lagMilliseconds) / 1000)),
        ]
        let partitions: [JSON] = rows.map { row in
            [
                "topic": .string(row.partition.topic), "partition": .integer(Int64(row.partition.partition)),
                "current_offset": row.committed.map { .integer($0) } ?? nil,
                "log_start_offset": .integer(row.marks.low), "log_end_offset": .integer(row.marks.high),
                "lag": row.lag.map { .integer($0) } ?? nil,
                "lag_seconds": row.lagMilliseconds.map { .number(Double($0) / 1000) } ?? nil,
                "member": row.member.map { .string($0.id) } ?? nil, "host": row.member.map { .string($0.host) } ?? nil,
                "client": row.member.map { .string($0.clientID) } ?? nil,
            ]
        }
        if !partitions.isEmpty { members.append(JSON.Member("partitions", .array(partitions))) }
        return .object(members)
    }
}
