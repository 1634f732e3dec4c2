import JSON
import RdKafka

/// The command `soma group delete`.
enum GroupDelete {
    static let command = Command(
        "delete",
        "Delete consumer groups without members, with their offsets.",
        arguments: [.oneOrMore("GROUP", "A consumer group.")]
    ) { invocation in
        let admin = try invocation.admin()
        try invocation.confirm("Delete \(invocation.words.joined(separator: ", ")) with their offsets?")
        try admin.deleteGroups(invocation.words, deadline: invocation.globals.timeout)
        var table = Table(.left("GROUP"), .left("STATUS"))
        for name in invocation.words { table.add(name, "deleted") }
        try invocation.emit(table, .array(invocation.words.map { ["group": .string($0), "deleted": true] }))
        return .success
    }
}
