import JSON
import RdKafka

/// The command `soma topic describe`.
enum TopicDescribe {
    static let command = Command(
        "describe",
        "Show a topic's partitions with their offsets, and its settings.",
        arguments: [.oneOrMore("NAME", "A topic.")],
        options: [.flag("all", "a", "Show settings that have their default too.")]
    ) { invocation in
        let admin = try invocation.admin()
        var list: [JSON] = []
        for (index, topic) in try invocation.topics(invocation.words, admin).enumerated() {
            let name = topic.name
            let partitions = topic.partitions.map { TopicPartition(name, $0.index) }
            let marks = try invocation.watermarks(partitions, admin)
            let settings = try admin.topicConfiguration(name, deadline: invocation.globals.timeout)
                .filter { invocation.flag("all") || !$0.isDefault }
            if invocation.isForPeople {
                if index > 0 { try invocation.console.write("\n") }
                try write(topic, marks, settings, invocation)
            }
            list.append(json(topic, marks, settings))
        }
        if !invocation.isForPeople { try invocation.emit(.array(list)) }
        return .success
    }

    private static func write(
        _ topic: Admin.Cluster.Topic,
        _ marks: [TopicPartition: Watermarks],
        _ settings: [Admin.ConfigurationEntry],
        _ invocation: Invocation
    ) throws {
        let wide = invocation.globals.form == .wide
        let console = invocation.console
        var summary = Table(.left("NAME"), .right("PARTITIONS"), .right("REPLICAS"))
        summary.add(topic.name, "\(topic.partitions.count)", "\(topic.partitions.first?.replicas.count ?? 0)")
        try console.write(summary.text(wide: wide) + "\n")
        var table = Table(
            .right("PARTITION"),
            .right("LEADER"),
            .left("REPLICAS"),
            .left("IN-SYNC"),
            .right("LOG-START-OFFSET"),
            .right("LOG-END-OFFSET"),
            .right("RECORDS")
        )
        for partition in topic.partitions {
            let place = TopicPartition(topic.name, partition.index)
            let (low, high) = (marks[place]?.low ?? 0, marks[place]?.high ?? 0)
            table.add(
                "\(partition.index)",
                "\(partition.leader)",
                numbers(partition.replicas),
                numbers(partition.inSyncReplicas),
                "\(low)",
                "\(high)",
                "\(high - low)"
            )
        }
        try console.write(table.text(wide: wide))
        guard !settings.isEmpty else { return }
        var values = Table(.left("SETTING"), .left("VALUE"))
        for setting in settings { values.add(setting.name, setting.isSensitive ? "(hidden)" : setting.value ?? "") }
        try console.write("\n" + values.text(wide: wide))
    }

    private static func numbers(_ list: [Int32]) -> String { list.map(String.init).joined(separator: ",") }

    private static func json(
        _ topic: Admin.Cluster.Topic,
        _ marks: [TopicPartition: Watermarks],
        _ settings: [Admin.ConfigurationEntry]
    ) -> JSON {
        let partitions: [JSON] = topic.partitions.map { partition in
            let place = TopicPartition(topic.name, partition.index)
            return [
                "partition": .integer(Int64(partition.index)), "leader": .integer(Int64(partition.leader)),
                "replicas": .array(partition.replicas.map { .integer(Int64($0)) }),
                "in_sync_replicas": .array(partition.inSyncReplicas.map { .integer(Int64($0)) }),
                "log_start_offset": .integer(marks[place]?.low ?? 0),
                "log_end_offset": .integer(marks[place]?.high ?? 0),
            ]
        }
        let values = settings.map { setting in
            JSON.Member(setting.name, setting.isSensitive ? .null : setting.value.map { .string($0) } ?? .null)
        }
        return ["name": .string(topic.name), "partitions": .array(partitions), "config": .object(values)]
    }
}
