/// All commands, in the order of the help.
package enum CommandTree {
    /// The root of the tree; `bench` runs `soma bench` with the words after it.
    package static func root(bench: @escaping @Sendable ([String]) -> Int32) -> Command {
        Command(
            "soma",
            "Runs AI agents on a log: every message, decision and token is a record in a Kafka topic.",
            [
                DevCommand.command, TopicCommands.command, GroupCommands.command, LagCommand.command,
                ChatCommand.command, TraceCommand.command,
                ReplayCommand.command, LogFileCommands.command, BillingCommands.command, ProcessorCommands.command,
                ServeCommands.command,
                DoctorCommand.command,
                ReferenceCommand.command, VersionCommand.command,
                Command("bench", "Measure.", passesArgumentsOn: true) { invocation in
                    ExitStatus(rawValue: bench(invocation.arguments.rest))
                },
            ]
        )
    }
}
