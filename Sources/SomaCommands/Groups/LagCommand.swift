import ConsumerLag
import JSON
import RdKafka

/// The command `soma lag`.
enum LagCommand {
    static let command = Command(
        "lag",
        "Show who is behind, in records and in seconds.",
        options: [
            .flag("watch", "w", "Show it again every two seconds."),
            Command.Option("group", "G,...", repeats: true, "Only these groups."),
            Command.Option("topic", "T,...", repeats: true, "Only these topics."),
            Command.Option("min-seconds", "N", "Only what is at least so far behind."),
            .flag("check", "For probes: exit status 5 when something is too far behind."),
            Command.Option("max-seconds", "N", "How far behind is too far for --check; default 60."),
        ],
        examples: ["soma lag -w", "soma lag --check --max-seconds 30 --group billing-rater"]
    ) { invocation in
        let most = try invocation.integer("max-seconds", in: 0...Int64(Int32.max)) ?? 60
        let least = try invocation.integer("min-seconds", in: 0...Int64(Int32.max)) ?? 0
        if invocation.flag("watch") { return try watch(invocation, least: least) }
        let lines = try lines(invocation, least: least)
        try invocation.emit(table(lines), .array(lines.map(json)))
        guard invocation.flag("check") else { return .success }
        let late = lines.filter { $0.milliseconds > most * 1000 }
        for line in late {
            invocation.console.say(
                "\(line.group) is \(GroupDescribe.seconds(line.milliseconds)) s behind in \(line.topic)"
            )
        }
        return late.isEmpty ? .success : .unhealthy
    }

    /// Shows one measurement after the other; with a history the verdicts are Burrow's.
    private static func watch(_ invocation: Invocation, least: Int64) throws -> ExitStatus {
        let stop = StopSignal()
        let monitor = LagMonitor(brokers: invocation.globals.brokers, interval: .seconds(2), metrics: nil)
        monitor.start()
        defer { monitor.stop() }
        var shown: Int64 = 0
        while !stop.wait(for: .milliseconds(100)) {
            let snapshot = monitor.snapshot
            if let failure = snapshot.failure, snapshot.time == 0 { throw CommandError(failure, status: .timedOut) }
            guard snapshot.time > shown else { continue }
            shown = snapshot.time
            let lines = sorted(snapshot.groups.flatMap(lines(of:)), invocation, least: least)
            if invocation.isForPeople {
                let text = table(lines).text(wide: invocation.globals.form == .wide)
                // Home, then clear what is below: the table stands still.
                try invocation.console.write((invocation.console.isTerminal ? "\u{1B}[H\u{1B}[J" : "\n") + text)
            } else {
                try invocation.emit(.array(lines.map(json)))
            }
            try invocation.console.flush()
        }
        return .interrupted
    }

    private static func lines(of group: LagSnapshot.Group) -> [Line] {
        Dictionary(grouping: group.partitions, by: \.place.topic).map { topic, partitions in
            let seconds = partitions.compactMap(\.lagSeconds).max() ?? 0
            return Line(
                group: group.id,
                topic: topic,
                verdict: (partitions.map(\.status).max() ?? .ok).name,
                members: group.memberCount,
                partitions: partitions.count,
                lag: partitions.reduce(0) { $0 + max(0, $1.lag ?? 0) },
                milliseconds: Int64((seconds * 1000).rounded())
            )
        }
    }

    /// What is late comes first.
    private static func sorted(_ lines: [Line], _ invocation: Invocation, least: Int64) -> [Line] {
        let groups = invocation.list("group")
        let topics = invocation.list("topic")
        return lines.filter { line in
            (groups.isEmpty || groups.contains(line.group)) && (topics.isEmpty || topics.contains(line.topic))
                && line.milliseconds >= least * 1000
        }.sorted {
            ($1.milliseconds, $1.lag, $0.group, $0.topic) < ($0.milliseconds, $0.lag, $1.group, $1.topic)
        }
    }

    /// A group in a topic.
    private struct Line {
        var group: String
        var topic: String
        var verdict: String
        var members: Int
        var partitions: Int
        var lag: Int64
        var milliseconds: Int64
    }

    private static func lines(_ invocation: Invocation, least: Int64) throws -> [Line] {
        let groups = invocation.list("group")
        var lines: [Line] = []
        for snapshot in try GroupSnapshot.take(groups.isEmpty ? nil : groups, invocation) {
            for (topic, rows) in Dictionary(grouping: snapshot.rows, by: \.partition.topic) {
                lines.append(
                    Line(
                        group: snapshot.group.id,
                        topic: topic,
                        verdict: verdict(snapshot.group, rows),
                        members: snapshot.group.members.count,
                        partitions: rows.count,
                        lag: rows.reduce(0) { $0 + ($1.lag ?? 0) },
                        milliseconds: rows.compactMap(\.lagMilliseconds).max() ?? 0
                    )
                )
            }
        }
        return sorted(lines, invocation, least: least)
    }

    /// What one look can tell: STOP is lag that nobody reads, OK is no lag or a group at work.
    private static func verdict(_ group: Admin.GroupDescription, _ rows: [GroupSnapshot.Row]) -> String {
        if rows.allSatisfy({ ($0.lag ?? 0) == 0 }) { return "OK" }
        if group.members.isEmpty { return "STOP" }
        return group.state == "Stable" ? "OK" : "WARN"
    }

    private static func table(_ lines: [Line]) -> Table {
        var table = Table(
            .left("VERDICT"),
            .left("GROUP"),
            .left("TOPIC"),
            .right("LAG-SECONDS"),
            .right("LAG"),
            .right("PARTITIONS"),
            .right("MEMBERS")
        )
        for line in lines {
            table.add(
                line.verdict,
                line.group,
                line.topic,
                GroupDescribe.seconds(line.milliseconds),
                "\(line.lag)",
                "\(line.partitions)",
                "\(line.members)"
            )
        }
        return table
    }

    private static func json(_ line: Line) -> JSON {
        [
            "group": .string(line.group), "topic": .string(line.topic), "verdict": .string(line.verdict),
            "lag": .integer(line.lag), "lag_seconds": .number(Double(line.milliseconds) / 1000),
            "partitions": .integer(Int64(line.partitions)), "members": .integer(Int64(line.members)),
        ]
    }
}
