/// Writes the help of a command from its declaration.
struct HelpText {
    let parser: ArgumentParser

    func text(for path: [Command]) -> String {
        guard let command = path.last else { return "" }
        let place = path.map(\.name).joined(separator: " ")
        var text = command.summary + "\n\nUsage: \(place)"
        if command.run == nil {
            text += " COMMAND"
        } else {
            if !command.options.isEmpty { text += " [options]" }
            for argument in command.arguments { text += " " + argument.usage }
        }
        text += "\n"
        if !command.details.isEmpty { text += "\n" + command.details + "\n" }
        if !command.subcommands.isEmpty {
            text += "\nCommands:\n" + Self.lines(command.subcommands.map { ($0.name, $0.summary) })
        }
        if !command.arguments.isEmpty {
            text += "\nArguments:\n" + Self.lines(command.arguments.map { ($0.name, $0.doc) })
        }
        if !command.options.isEmpty {
            text += "\nOptions:\n" + Self.lines(command.options.map { ($0.usage, $0.doc) })
        }
        text += "\nGlobal options:\n" + Self.lines(globals(for: command).map { ($0.usage, $0.doc) })
        if !command.examples.isEmpty {
            text += "\nExamples:\n" + command.examples.map { "  \($0)\n" }.joined()
        }
        if path.count == 1 {
            text += """

                Every global option can be given as an environment variable: SOMA_BROKERS, SOMA_OUTPUT, SOMA_TIMEOUT.
                Exit status: 0 ok, 1 failed, 2 usage, 3 differences, 4 not found, 5 unhealthy, 6 not authorised,
                124 timed out, 130 interrupted.

                """
        }
        return text
    }

    /// The global options whose letters the command does not use for something of its own.
    private func globals(for command: Command) -> [Command.Option] {
        let names = Set(command.options.map(\.name))
        let letters = Set(command.options.compactMap(\.letter))
        return parser.options(of: command).dropFirst(command.options.count).compactMap { option -> Command.Option? in
            guard !names.contains(option.name) else { return nil }
            guard let letter = option.letter, letters.contains(letter) else { return option }
            guard let value = option.value else { return .flag(option.name, option.doc) }
            return Command.Option(option.name, value, repeats: option.repeats, option.doc)
        }
    }

    private static func lines(_ pairs: [(String, String)]) -> String {
        let width = min(34, pairs.map(\.0.count).max() ?? 0)
        return pairs.map { name, doc in
            let gap = String(repeating: " ", count: max(0, width - name.count))
            let indent = "\n" + String(repeating: " ", count: width + 4)
            return "  " + name + (name.count > width ? indent : gap + "  ") + doc + "\n"
        }.joined()
    }
}
