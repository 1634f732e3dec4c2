import JSON
import RdKafka

/// The command `soma topic create`.
enum TopicCreate {
    static let command = Command(
        "create",
        "Create topics.",
        arguments: [.oneOrMore("NAME", "A topic.")],
        options: [
            Command.Option("partitions", "p", "N", "Number of partitions; default: the broker's."),
            Command.Option("replicas", "r", "N", "Number of replicas; default: the broker's."),
            Command.Option("topic-config", "c", "KEY=VALUE", repeats: true, "A setting of the topic."),
            .flag("dry", "d", "Check the names and settings, create nothing."),
            .flag("if-not-exists", "A topic that is there already is no error."),
        ],
        examples: ["soma topic create orders -p 12 -c cleanup.policy=compact"]
    ) { invocation in
        let partitions = try invocation.integer("partitions", in: 1...10_000) ?? -1
        let replicas = try invocation.integer("replicas", in: 1...100) ?? -1
        var settings: [String: String] = [:]
        for pair in invocation.options("topic-config") {
            guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
                throw CommandError.usage("-c takes key=value, not \(pair)")
            }
            settings[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        for name in invocation.words { try check(name) }
        let topics = invocation.words.map {
            Admin.NewTopic(
                $0,
                partitions: Int32(partitions),
                replicationFactor: Int32(replicas),
                configuration: settings
            )
        }
        if !invocation.flag("dry") {
            try invocation.admin().createTopics(
                topics,
                allowExisting: invocation.flag("if-not-exists"),
                deadline: invocation.globals.timeout
            )
        }
        let status = invocation.flag("dry") ? "would be created" : "created"
        var table = Table(.left("TOPIC"), .left("STATUS"))
        for topic in topics { table.add(topic.name, status) }
        try invocation.emit(
            table,
            .array(topics.map { ["name": .string($0.name), "created": .bool(!invocation.flag("dry"))] })
        )
        return .success
    }

    /// Kafka's rule for names.
    private static func check(_ name: String) throws {
        let isLegal = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
        }
        guard isLegal, (1...249).contains(name.utf8.count), name != ".", name != ".." else {
            throw CommandError.usage("\(name) is no topic name: letters, digits, dots, _ and -, 249 at most")
        }
    }
}
