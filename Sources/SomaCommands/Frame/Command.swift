/// One command of the tree: either a group of commands, or something that runs.
package struct Command: Sendable {
    package typealias Run = @Sendable (Invocation) throws -> ExitStatus

    package let name: String
    package let summary: String
    let arguments: [Argument]
    let options: [Option]
    /// More than the summary, for the help.
    let details: String
    let examples: [String]
    let subcommands: [Command]
    let run: Run?
    /// Takes the rest of the line unread, for tools with a command line of their own.
    let passesArgumentsOn: Bool

    /// A command that runs.
    package init(
        _ name: String,
        _ summary: String,
        arguments: [Argument] = [],
        options: [Option] = [],
        details: String = "",
        examples: [String] = [],
        passesArgumentsOn: Bool = false,
        run: @escaping Run
    ) {
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.details = details
        self.examples = examples
        self.passesArgumentsOn = passesArgumentsOn
        self.run = run
        subcommands = []
    }

    /// A group of commands.
    package init(_ name: String, _ summary: String, _ subcommands: [Command]) {
        self.name = name
        self.summary = summary
        self.subcommands = subcommands
        arguments = []
        options = []
        details = ""
        examples = []
        passesArgumentsOn = false
        run = nil
    }

    /// A word that is told by its place.
    package struct Argument: Sendable {
        enum Count { case one, optional, oneOrMore, any }
        let name: String
        let count: Count
        let doc: String

        package static func required(_ name: String, _ doc: String) -> Argument {
            Argument(name: name, count: .one, doc: doc)
        }
        package static func optional(_ name: String, _ doc: String) -> Argument {
            Argument(name: name, count: .optional, doc: doc)
        }
        package static func oneOrMore(_ name: String, _ doc: String) -> Argument {
            Argument(name: name, count: .oneOrMore, doc: doc)
        }
        package static func any(_ name: String, _ doc: String) -> Argument {
            Argument(name: name, count: .any, doc: doc)
        }

        var usage: String {
            switch count {
            case .one: name
            case .optional: "[\(name)]"
            case .oneOrMore: "\(name)..."
            case .any: "[\(name)...]"
            }
        }
    }

    /// A word that begins with dashes.
    package struct Option: Sendable {
        let name: String
        let letter: Character?
        /// What its value is called in the help; nil for a flag.
        let value: String?
        let repeats: Bool
        let doc: String

        /// An option with a value; `repeats` lets it be given several times.
        package init(_ name: String, _ value: String, repeats: Bool = false, _ doc: String) {
            self.init(name, nil, value, repeats: repeats, doc)
        }

        /// An option that also has a letter.
        package init(_ name: String, _ letter: Character?, _ value: String, repeats: Bool = false, _ doc: String) {
            self.name = name
            self.letter = letter
            self.value = value
            self.repeats = repeats
            self.doc = doc
        }

        /// An option without a value.
        package static func flag(_ name: String, _ doc: String) -> Option { Option(flag: name, nil, doc) }

        package static func flag(_ name: String, _ letter: Character?, _ doc: String) -> Option {
            Option(flag: name, letter, doc)
        }

        private init(flag name: String, _ letter: Character?, _ doc: String) {
            self.name = name
            self.letter = letter
            value = nil
            repeats = false
            self.doc = doc
        }

        var usage: String {
            (letter.map { "-\($0), " } ?? "    ") + "--\(name)" + (value.map { " \($0)" } ?? "")
        }
    }
}
