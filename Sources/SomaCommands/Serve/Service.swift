import Glibc
import JSON
import SomaNode

/// The life of a command that serves: start, say so, wait for a signal, stop.
enum Service {
    /// Runs parts until SIGTERM or Ctrl-C.
    ///
    /// The closure starts the parts, registers how to stop them, and returns when they are ready what there is to say.
    static func run(_ invocation: Invocation, _ start: (StopStack, StopSignal) throws -> JSON) throws -> ExitStatus {
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
