/// The commands `soma log …`, which read a broker's data directory without the broker.
enum LogFileCommands {
    static let command = Command(
        "log",
        "Look at a broker's files: check them, or show what is in them.",
        [LogVerifyCommand.command, LogDumpCommand.command]
    )
}
