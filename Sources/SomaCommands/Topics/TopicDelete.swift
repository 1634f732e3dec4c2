import JSON
import RdKafka

/// The command `soma topic delete`.
enum TopicDelete {
    static let command = Command(
        "delete",
        "Delete topics and all their records.",
        arguments: [.oneOrMore("NAME", "A topic.")]
    ) { invocation in
        let admin = try invocation.admin()
        _ = try invocation.topics(invocation.words, admin)
        try invocation.confirm("Delete \(invocation.words.joined(separator: ", ")) with all records?")
        try admin.deleteTopics(invocation.words, deadline: invocation.globals.timeout)
        var table = Table(.left("TOPIC"), .left("STATUS"))
        for name in invocation.words { table.add(name, "deleted") }
        try invocation.emit(table, .array(invocation.words.map { ["name": .string($0), "deleted": true] }))
        return .success
    }
}
