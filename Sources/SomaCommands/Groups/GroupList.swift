import JSON
import RdKafka

/// The command `soma group list`.
enum GroupList {
    static let command = Command("list", "List consumer groups.") { invocation in
        let admin = try invocation.admin()
        let timeout = invocation.globals.timeout
        let ids = try invocation.patiently { try admin.groups(deadline: timeout) }.map(\.id)
        let groups = try invocation.patiently { try admin.describeGroups(ids, deadline: timeout) }
        var table = Table(.left("GROUP"), .left("STATE"), .right("MEMBERS"), .left("ASSIGNOR", wide: true))
        for group in groups { table.add(group.id, group.state, "\(group.members.count)", group.assignor) }
        try invocation.emit(
            table,
            .array(
                groups.map {
                    [
                        "group": .string($0.id), "state": .string($0.state),
                        "members": .integer(Int64($0.members.count)), "assignor": .string($0.assignor),
                    ]
                }
            )
        )
        return .success
    }
}
