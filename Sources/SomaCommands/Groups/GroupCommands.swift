/// The command `soma group`.
enum GroupCommands {
    static let command = Command(
        "group",
        "List, describe, move and delete consumer groups.",
        [GroupList.command, GroupDescribe.command, GroupSeek.command, GroupDelete.command]
    )
}
