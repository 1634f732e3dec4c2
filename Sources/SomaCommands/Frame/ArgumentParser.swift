import Settings

/// What a command line says, after it was checked against its command.
package struct ParsedArguments: Sendable {
    var path: [Command] = []
    var values: [String: [String]] = [:]
    var positional: [String] = []
    var wantsHelp = false
    /// The words after a command that passes them on.
    var rest: [String] = []
}

/// Reads a command line against a tree of commands; does nothing else.
struct ArgumentParser {
    let root: Command
    let globals: [Command.Option]

    private static let help = Command.Option.flag("help", "h", "Show this help.")

    /// - Throws: `CommandError` with status usage that names the word and, when something is close, what was meant.
    func parse(_ words: [String]) throws -> ParsedArguments {
        var result = ParsedArguments(path: [root])
        var command = root
        var index = 0
        var onlyArguments = false
        while index < words.count {
            let word = words[index]
            index += 1
            if !onlyArguments, word == "--" {
                onlyArguments = true
            } else if !onlyArguments, word.hasPrefix("--") {
                try readLong(word, command, words, &index, &result)
            } else if !onlyArguments, word.hasPrefix("-"), word.utf8.count > 1, !isNumber(word, command) {
                try readLetters(word, command, words, &index, &result)
            } else if command.run == nil {
                guard let next = command.subcommands.first(where: { $0.name == word }) else {
                    throw unknownCommand(word, in: result.path)
                }
                result.path.append(next)
                command = next
                if command.passesArgumentsOn {
                    result.rest = Array(words[index...])
                    return result
                }
            } else {
                result.positional.append(word)
            }
        }
        if !result.wantsHelp { try checkArguments(&result) }
        return result
    }

    /// `-5` is an argument where the command has no such letter: offsets may be negative.
    private func isNumber(_ word: String, _ command: Command) -> Bool {
        guard let first = word.dropFirst().first, first.isNumber else { return false }
        return !command.options.contains { $0.letter == first }
    }

    private func readLong(
        _ word: String,
        _ command: Command,
        _ words: [String],
        _ index: inout Int,
        _ result: inout ParsedArguments
    ) throws {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        let known = options(of: command)
        guard let option = known.first(where: { $0.name == name }) else {
            throw CommandError.usage(
                "unknown option --\(name)"
                    + NearestName.hint(name, among: known.map(\.name)).replacing("mean ", with: "mean --")
            )
        }
        let written = parts.count == 2 ? String(parts[1]) : nil
        try store(option, written, words, &index, &result)
    }

    private func readLetters(
        _ word: String,
        _ command: Command,
        _ words: [String],
        _ index: inout Int,
        _ result: inout ParsedArguments
    ) throws {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = options(of: command).first(where: { $0.letter == letter }) else {
                throw CommandError.usage("unknown option -\(letter) in \(word)")
            }
            guard option.value != nil, !letters.isEmpty else {
                try store(option, nil, words, &index, &result)
                continue
            }
            let written = letters.first == "=" ? letters.dropFirst() : letters
            try store(option, String(written), words, &index, &result)
            return
        }
    }

    private func store(
        _ option: Command.Option,
        _ written: String?,
        _ words: [String],
        _ index: inout Int,
        _ result: inout ParsedArguments
    ) throws {
        guard option.value != nil else {
            guard written == nil else { throw CommandError.usage("--\(option.name) takes no value") }
            if option.name == Self.help.name { result.wantsHelp = true }
            result.values[option.name] = ["true"]
            return
        }
        var value = written
        if value == nil, index < words.count {
            value = words[index]
            index += 1
        }
        guard let value else {
            throw CommandError.usage("--\(option.name) needs a value: --\(option.name) \(option.value ?? "")")
        }
        guard option.repeats || result.values[option.name] == nil else {
            throw CommandError.usage("--\(option.name) is given twice")
        }
        result.values[option.name, default: []].append(value)
    }

    /// A command's own options come first: their letters win over the global ones.
    func options(of command: Command) -> [Command.Option] { command.options + globals + [Self.help] }

    private func unknownCommand(_ word: String, in path: [Command]) -> CommandError {
        let place = path.map(\.name).joined(separator: " ")
        let names = path.last?.subcommands.map(\.name) ?? []
        return .usage(
            "\(place) has no command \(word)" + NearestName.hint(word, among: names) + "; see \(place) --help"
        )
    }

    private func checkArguments(_ result: inout ParsedArguments) throws {
        guard let command = result.path.last else { return }
        guard command.run != nil else {
            // A bare group shows its help, but only when nothing was asked of it.
            result.wantsHelp = true
            return
        }
        let place = result.path.map(\.name).joined(separator: " ")
        var least = 0
        var most: Int? = 0
        for argument in command.arguments {
            switch argument.count {
            case .one: (least, most) = (least + 1, most.map { $0 + 1 })
            case .optional: most = most.map { $0 + 1 }
            case .oneOrMore: (least, most) = (least + 1, nil)
            case .any: most = nil
            }
        }
        let form = command.arguments.map(\.usage).joined(separator: " ")
        guard result.positional.count >= least else {
            throw CommandError.usage("\(place) needs \(form); see \(place) --help")
        }
        if let most, result.positional.count > most {
            throw CommandError.usage(
                "\(place) takes \(most == 0 ? "no arguments" : form), not \(result.positional[most])"
            )
        }
    }
}
