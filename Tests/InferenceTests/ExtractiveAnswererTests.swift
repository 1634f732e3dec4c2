import Events
import Testing

@testable import Inference

private func messages(_ parts: [(String, String)]) -> [ChatMessage] {
    parts.map { ChatMessage(role: $0.0, content: $0.1, name: $0.0 == "persona" ? "persona" : nil) }
}

private func ask(_ parts: [(String, String)], memory: [RememberedText] = []) -> String {
    ExtractiveAnswerer().answer(messages(parts), memory: memory)
}

@Suite struct ExtractiveAnswererTests {
    @Test func `answers from what the user said before`() {
        let answer = ask([
            ("user", "My favourite colour is green. I live in Lisbon."), ("assistant", ExtractiveAnswerer.noted),
            ("user", "What is my favourite colour?"),
        ])
        #expect(answer == "You said: \"My favourite colour is green.\"")
    }

    @Test func `answers from a system message and from text in the question itself`() {
        #expect(
            ask([
                ("system", "Opening hours are nine to five. Returns are accepted within 30 days."),
                ("user", "Within how many days are returns accepted?"),
            ]) == "Returns are accepted within 30 days."
        )
        #expect(
            ask([("user", "The server runs in Frankfurt. The backup runs in Paris. Where does the backup run?")])
                == "The backup runs in Paris."
        )
    }

    @Test func `says plainly when there is nothing to answer from`() {
        #expect(ask([("user", "What is the capital of France?")]) == ExtractiveAnswerer.nothingFound)
        #expect(
            ask([("user", "I live in Lisbon."), ("user", "Who wrote the longest novel of 1920?")])
                == ExtractiveAnswerer.nothingFound
        )
    }

    @Test(arguments: [
        ("Hello!", ExtractiveAnswerer.greeting), ("Hi there", ExtractiveAnswerer.greeting),
        ("thanks a lot", ExtractiveAnswerer.welcome), ("?!", ExtractiveAnswerer.nothingAsked),
        ("I live in Lisbon.", ExtractiveAnswerer.noted),
        ("say hello", ExtractiveAnswerer.noted),
    ])
    func `answers small talk with set phrases`(text: String, answer: String) {
        #expect(ask([("user", text)]) == answer)
    }

    @Test func `a conversation without a user message is empty`() {
        #expect(ask([("system", "x")]) == ExtractiveAnswerer.nothingAsked)
        #expect(ask([]) == ExtractiveAnswerer.nothingAsked)
    }

    @Test func `quotes memory and says so`() {
        let memory = [
            RememberedText(sessionID: "s0", role: "user", text: "My dog is called Rex.", score: 0.9),
            RememberedText(sessionID: "s1", role: "user", text: "What is my dog called?", score: 0.9),
        ]
        #expect(
            ask([("user", "What is my dog called?")], memory: memory)
                == "From memory: \"My dog is called Rex.\""
        )
    }

    @Test func `newer statements win over older ones`() {
        let answer = ask([
            ("user", "The meeting is on Monday."), ("assistant", ExtractiveAnswerer.noted),
            ("user", "The meeting is on Friday."), ("assistant", ExtractiveAnswerer.noted),
            ("user", "When is the meeting?"),
        ])
        #expect(answer.contains("Friday"))
    }

    @Test func `does not quote its own set phrases, quotations or the persona`() {
        let persona = ChatMessage(role: "system", content: "You remember the conversation.", name: "persona")
        let turns = messages([
            ("user", "What is a conversation?"), ("assistant", ExtractiveAnswerer.nothingFound),
            ("user", "What do you remember of this conversation?"),
        ])
        #expect(ExtractiveAnswerer().answer([persona] + turns, memory: []) == ExtractiveAnswerer.nothingFound)
    }

    @Test func `the same conversation gives the same answer`() {
        let conversation = messages([
            (
                "system",
                "Kafka keeps records in topics. Topics have partitions. A partition is ordered. Records have offsets."
            ),
            ("user", "Tell me about topics and partitions and records"),
        ])
        let answers = (0..<20).map { _ in ExtractiveAnswerer().answer(conversation, memory: []) }
        #expect(Set(answers).count == 1)
        #expect(answers[0].contains("partitions"))
    }

    @Test func `summarizes by the words used most`() {
        let answer = ask([
            ("system", "The lag grew. Lag is measured per group. A group reads a topic. Bananas are yellow."),
            ("user", "Summarize"),
        ])
        #expect(answer.contains("Lag is measured per group."))
        #expect(!answer.contains("Bananas"))
    }
}

@Suite struct LocalProviderTests {
    private func run(_ request: SLMRequest) async throws -> (pieces: [String], end: ModelEnd) {
        var pieces: [String] = []
        let call = ModelCall(request: request, providerModel: "x", tenant: "t", millisecondsLeft: 1000)
        let end = try await LocalProvider(memory: EmptyMemory()).answer(call) { pieces.append($0) }
        return (pieces, end)
    }

    private func request(_ text: String, maxTokens: Int64? = nil, stop: [String]? = nil) -> SLMRequest {
        SLMRequest(
            requestID: "r",
            sessionID: "s",
            model: "local",
            messages: [
                ChatMessage(role: "system", content: "The red fox jumps over the lazy dog."),
                ChatMessage(role: "user", content: text),
            ],
            maxTokens: maxTokens,
            stop: stop,
            deadlineMs: 0
        )
    }

    @Test func `streams word by word and counts`() async throws {
        let (pieces, end) = try await run(request("What does the fox jump over?"))
        #expect(pieces == ["The", " red", " fox", " jumps", " over", " the", " lazy", " dog."])
        #expect(end.finishReason == "stop")
        #expect(end.usage?.completionTokens == 9)
        #expect(end.usage?.source == "counted")
    }

    @Test func `stops at the most tokens`() async throws {
        let (pieces, end) = try await run(request("What does the fox jump over?", maxTokens: 3))
        #expect(pieces == ["The", " red", " fox"])
        #expect(end.finishReason == "length")
        #expect(end.usage?.completionTokens == 3)
    }

    @Test func `ends before a stop text`() async throws {
        let (pieces, end) = try await run(request("What does the fox jump over?", stop: ["over", "jumps"]))
        #expect(pieces.joined() == "The red fox ")
        #expect(end.finishReason == "stop")
    }

    @Test(arguments: ["", " ", "a", " a  b ", "\n\nx y\n"])
    func `pieces add up to the whole`(text: String) {
        #expect(LocalProvider.pieces(text).joined() == text)
    }
}

@Suite struct TokenCounterTests {
    @Test(arguments: [
        ("", 0), ("hello", 1), ("Hello, world!", 4), ("internationalization", 4), ("12345", 2), ("a b  c", 3),
        ("日本語", 3), ("...", 2), ("a\n\nb", 3), ("don't", 3),
    ])
    func `counts by fixed rules`(text: String, tokens: Int64) {
        #expect(TokenCounter.count(text) == tokens)
    }

    @Test func `pieces count as much as the whole`() {
        let text = "The quick brown fox, 42 years old, jumps over the internationally renowned dog."
        let sum = LocalProvider.pieces(text).reduce(0) { $0 + TokenCounter.count($1) }
        #expect(sum == TokenCounter.count(text))
    }
}
