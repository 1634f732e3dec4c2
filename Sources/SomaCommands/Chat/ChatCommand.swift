import Clocks
import Events
import Glibc
import JSON
import SomaNode

/// The command `soma chat`.
enum ChatCommand {
    static let command = Command(
        "chat",
        "Talk to an agent through the gateway.",
        arguments: [.any("TEXT", "What to say; without it standard input, line by line.")],
        options: [
            Command.Option("model", "m", "MODEL", "Who answers; default local."),
            Command.Option("session", "s", "ID", "Go on with a conversation; default a new one."),
            Command.Option("url", "URL", "The gateway; else SOMA_URL, a running soma dev, http://127.0.0.1:8080."),
            Command.Option("key", "KEY", "The API key; else SOMA_API_KEY, the one of a running soma dev."),
        ],
        examples: ["soma chat What is a consumer group?", "soma chat -s s1"]
    ) { invocation in
        let instance = DevInstance.running()
        let url =
            invocation.option("url") ?? invocation.environment["SOMA_URL"] ?? instance?.http ?? "http://127.0.0.1:8080"
        let key = invocation.option("key") ?? invocation.environment["SOMA_API_KEY"] ?? instance?.apiKey ?? ""
        var random = SystemRandomNumberGenerator()
        let session = try ChatSession(
            url: url,
            key: key,
            model: invocation.option("model") ?? "local",
            session: invocation.option("session")
                ?? EventID.uuidV7(milliseconds: Clock.system.wallMilliseconds, using: &random)
        )
        defer { session.close() }
        guard invocation.words.isEmpty else {
            try say(invocation.words.joined(separator: " "), session, invocation)
            return .success
        }
        let isTalk = invocation.console.canAsk
        if isTalk { invocation.console.say("session \(session.session); an empty line or Ctrl-D ends") }
        while true {
            if isTalk { prompt("> ") }
            guard let line = readLine(), !line.isEmpty || !isTalk else { return .success }
            if line.isEmpty { continue }
            do {
                try say(line, session, invocation)
            } catch let error as CommandError where isTalk {
                invocation.console.complain("soma: \(error)")
            }
        }
    }

    private static func say(_ text: String, _ session: ChatSession, _ invocation: Invocation) throws {
        let streams = invocation.isForPeople
        let answer = try session.send(text) { piece in
            guard streams else { return }
            try invocation.console.write(Self.clean(piece))
            try invocation.console.flush()
        }
        if streams {
            try invocation.console.write("\n")
        } else {
            try invocation.emit([
                "id": .string(answer.id), "session": .string(session.session), "model": .string(answer.model),
                "content": .string(answer.content), "finish_reason": answer.finishReason.map { .string($0) } ?? nil,
                "usage": answer.usage ?? nil,
            ])
        }
        try invocation.console.flush()
    }

    /// What a model says must not move the terminal; line ends and tabs stay.
    private static func clean(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" || $0 == "\t" }
            )
        )
    }

    private static func prompt(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }
}
