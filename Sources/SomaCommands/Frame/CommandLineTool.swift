import Glibc
import RdKafka
import Telemetry

/// The command line of the platform.
package enum CommandLineTool {
    /// Runs the process's own command line.
    ///
    /// - Parameter bench: Runs `soma bench` with the words after it.
    /// - Returns: The status for the shell.
    package static func main(bench: @escaping @Sendable ([String]) -> Int32) -> Int32 {
        // A peer or reader that goes away must be an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        var environment: [String: String] = [:]
        var next = environ
        while let variable = next.pointee {
            let pair = String(cString: variable).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { environment[String(pair[0])] = String(pair[1]) }
            next += 1
        }
        let words = Array(CommandLine.arguments.dropFirst())
        return run(words, environment: environment, root: CommandTree.root(bench: bench)).rawValue
    }

    /// Runs a command line; without a console it writes to the process's own descriptors.
    package static func run(
        _ words: [String],
        environment: [String: String],
        root: Command,
        console given: Console? = nil
    ) -> ExitStatus {
        let parser = ArgumentParser(root: root, globals: GlobalOptions.options)
        var console = given ?? Console(noColour: true, quiet: false)
        do {
            let arguments = try parser.parse(words == ["--version"] ? ["version"] : words)
            if arguments.wantsHelp {
                try console.write(HelpText(parser: parser).text(for: arguments.path))
                try console.flush()
                return words.isEmpty ? .usage : .success
            }
            let globals = try GlobalOptions(arguments, environment: environment)
            console = given ?? Console(noColour: globals.hasNoColour, quiet: globals.isQuiet)
            // Tools report what failed in their own words; services set their level themselves.
            LogSink.standard.configure(level: globals.isVerbose ? .debug : .error)
            guard let run = arguments.path.last?.run else { return .usage }
            let status = try run(
                Invocation(arguments: arguments, globals: globals, environment: environment, console: console)
            )
            try console.flush()
            return status
        } catch is Console.Closed {
            return .success
        } catch {
            try? console.flush()
            console.complain("soma: \(explain(error))")
            return CommandError.status(of: error)
        }
    }

    private static func explain(_ error: any Error) -> String {
        guard let error = error as? KafkaError else { return "\(error)" }
        switch error.code {
        case .timedOut, .transport, .allBrokersDown:
            return "\(error.operation): no answer from the broker (\(error.name)); "
                + "is it running? `soma dev` starts one, -b names another"
        default: return error.description
        }
    }
}
