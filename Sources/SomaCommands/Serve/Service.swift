import Glibc
import JSON
import RdKafka
import SomaNode

/// The life of a command that serves: start, say so, wait for a signal, stop.
enum Service {
    /// Runs parts until SIGTERM or Ctrl-C.
    ///
    /// The closure starts the parts, registers how to stop them, and returns when they are ready what there is to say.
    static func run(_ invocation: Invocation, _ start: (StopStack, StopSignal) throws -> JSON) throws -> ExitStatus {
        try useConnectionSettings(invocation)
        return try runParts(invocation, start)
    }

    /// The clients of all parts reach the cluster in the same way; what each does there is its own matter.
    private static func useConnectionSettings(_ invocation: Invocation) throws {
        let settings = invocation.globals.clientSettings
        for key in settings.keys.sorted() where !ConnectionSettings.isOne(key) {
            throw CommandError.usage(
                "-X \(key): only settings of the connection, such as security.protocol, are taken here"
            )
        }
        ConnectionSettings.use(settings)
    }

    private static func runParts(
        _ invocation: Invocation,
        _ start: (StopStack, StopSignal) throws -> JSON
    ) throws -> ExitStatus {
        let stop = StopSignal()
        ServiceLog.configure(invocation)
        let stack = StopStack()
        let ready: JSON
        do {
            ready = try start(stack, stop)
        } catch {
            stack.stopAll()
            throw error
        }
        if invocation.isForPeople {
            for member in ready.members ?? [] {
                try invocation.console.write("\(member.name) \(member.value.string ?? member.value.text)\n")
            }
        } else {
            // One line, so that a script reads it with one call.
            try invocation.console.write(ready.text + "\n")
        }
        try invocation.console.flush()
        stop.wait()
        stack.stopAll()
        return .success
    }

    /// A member waits for partitions as long as others hold them all: for ever, if need be.
    static let readyDeadline = Duration.seconds(365 * 86_400)

    static var processID: JSON { .integer(Int64(getpid())) }
}
