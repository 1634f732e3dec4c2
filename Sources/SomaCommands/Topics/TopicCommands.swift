/// The command `soma topic`.
enum TopicCommands {
    static let command = Command(
        "topic",
        "List, describe, create and delete topics; write and read records.",
        [
            TopicList.command, TopicDescribe.command, TopicCreate.command, TopicDelete.command, TopicProduce.command,
            TopicConsume.command,
        ]
    )
}
