import Testing

@testable import SomaCommands

@Suite struct ArgumentParserTests {
    private let parser = ArgumentParser(
        root: Command(
            "soma",
            "Root.",
            [
                Command(
                    "topic",
                    "Topics.",
                    [
                        Command(
                            "consume",
                            "Read.",
                            arguments: [.oneOrMore("TOPIC", "A topic.")],
                            options: [
                                Command.Option("offset", "o", "OFFSET", "Where to start."),
                                Command.Option("header", "H", "K:V", repeats: true, "A header."),
                                .flag("follow", "f", "Go on."),
                            ]
                        ) { _ in .success },
                        Command("list", "List.", arguments: [.optional("NAME", "A name.")]) { _ in .success },
                    ]
                )
            ]
        ),
        globals: GlobalOptions.options
    )

    @Test func `reads options in every form, anywhere`() throws {
        let parsed = try parser.parse(
            ["topic", "consume", "a", "-fo", "-5", "b", "--header=x:1", "-Hy:2", "-b", "h:1", "--", "-c"])
        #expect(parsed.path.map(\.name) == ["soma", "topic", "consume"])
        #expect(parsed.positional == ["a", "b", "-c"])
        #expect(parsed.values["offset"] == ["-5"])
        #expect(parsed.values["follow"] == ["true"])
        #expect(parsed.values["header"] == ["x:1", "y:2"])
        #expect(parsed.values["brokers"] == ["h:1"])
    }

    @Test func `a command's own letter wins over the global one`() throws {
        #expect(try parser.parse(["topic", "list", "-o", "json"]).values["output"] == ["json"])
        #expect(try parser.parse(["topic", "consume", "t", "-o", "end"]).values["offset"] == ["end"])
    }

    @Test(arguments: [
        (["topc"], "did you mean topic?"), (["topic", "cosume"], "did you mean consume?"),
        (["topic", "consume", "t", "--ofset", "1"], "did you mean --offset?"),
        (["topic", "consume"], "needs TOPIC..."),
        (["topic", "list", "a", "b"], "not b"), (["topic", "consume", "t", "-o"], "needs a value"),
        (["topic", "consume", "t", "-Z"], "unknown option -Z"),
        (["topic", "consume", "t", "--follow=1"], "takes no value"),
        (["topic", "consume", "t", "-o1", "-o2"], "given twice"),
    ])
    func `says what is wrong`(words: [String], part: String) {
        let error = #expect(throws: CommandError.self) { try parser.parse(words) }
        #expect(error?.status == .usage)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func `help is written for every level`() throws {
        #expect(try parser.parse(["topic"]).wantsHelp)
        let parsed = try parser.parse(["topic", "consume", "--help"])
        let text = HelpText(parser: parser).text(for: parsed.path)
        #expect(text.contains("Usage: soma topic consume [options] TOPIC..."))
        #expect(text.contains("-o, --offset OFFSET"))
        // The letter belongs to the command here, so the global option shows without it.
        #expect(text.contains("      --output FORM"))
    }

    @Test func `the whole tree has its words once`() {
        func check(_ command: Command) {
            let letters = command.options.compactMap(\.letter)
            #expect(Set(letters).count == letters.count, "\(command.name)")
            #expect(Set(command.options.map(\.name)).count == command.options.count, "\(command.name)")
            #expect(Set(command.subcommands.map(\.name)).count == command.subcommands.count)
            #expect(command.summary.hasSuffix("."), "\(command.name)")
            for subcommand in command.subcommands { check(subcommand) }
        }
        check(CommandTree.root(bench: { _ in 0 }))
    }
}
