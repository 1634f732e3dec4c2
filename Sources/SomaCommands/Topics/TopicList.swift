import JSON
import RdKafka

/// The command `soma topic list`.
enum TopicList {
    static let command = Command(
        "list",
        "List topics.",
        arguments: [.any("NAME", "Only these topics.")],
        options: [
            .flag("internal", "i", "Show Kafka's own topics too."),
            .flag("detailed", "d", "Show the cleanup policy too; one more request per topic."),
        ]
    ) { invocation in
        let admin = try invocation.admin()
        let cluster = try admin.cluster(deadline: invocation.globals.timeout)
        let topics = cluster.topics.filter { topic in
            invocation.words.isEmpty
                ? invocation.flag("internal") || !topic.name.hasPrefix("__") : invocation.words.contains(topic.name)
        }
        for name in invocation.words where !topics.contains(where: { $0.name == name }) {
            throw CommandError.notFound("there is no topic \(name)")
        }
        let counts = try recordCounts(topics, admin, invocation)
        let isDetailed = invocation.flag("detailed") || invocation.globals.form == .wide
        var table = Table(
            .left("NAME"),
            .right("PARTITIONS"),
            .right("REPLICAS"),
            .right("RECORDS"),
            .left("CLEANUP")
        )
        var list: [JSON] = []
        for topic in topics {
            let replicas = topic.partitions.first?.replicas.count ?? 0
            let count = counts[topic.name] ?? 0
            var cleanup: String?
            if isDetailed {
                let settings = try admin.topicConfiguration(topic.name, deadline: invocation.globals.timeout)
                cleanup = settings.first { $0.name == "cleanup.policy" }?.value
            }
            table.add(topic.name, "\(topic.partitions.count)", "\(replicas)", "\(count)", cleanup ?? "")
            var members: [JSON.Member] = [
                JSON.Member("name", .string(topic.name)),
                JSON.Member("partitions", .integer(Int64(topic.partitions.count))),
                JSON.Member("replicas", .integer(Int64(replicas))), JSON.Member("records", .integer(count)),
            ]
            if let cleanup { members.append(JSON.Member("cleanup_policy", .string(cleanup))) }
            list.append(.object(members))
        }
        if !isDetailed {
            var narrow = Table(.left("NAME"), .right("PARTITIONS"), .right("REPLICAS"), .right("RECORDS"))
            for row in table.rows { narrow.add(Array(row.dropLast())) }
            table = narrow
        }
        try invocation.emit(table, .array(list))
        return .success
    }

    /// Log end minus log start: an upper bound where a topic is compacted or holds transaction markers.
    private static func recordCounts(
        _ topics: [Admin.Cluster.Topic],
        _ admin: Admin,
        _ invocation: Invocation
    ) throws -> [String: Int64] {
        let partitions = topics.flatMap { topic in topic.partitions.map { TopicPartition(topic.name, $0.index) } }
        var counts: [String: Int64] = [:]
        for (partition, marks) in try invocation.watermarks(partitions, admin) {
            counts[partition.topic, default: 0] += marks.high - marks.low
        }
        return counts
    }
}
