import Clocks
import Events
import Testing

@testable import Conversation

private func read(
    _ value: String,
    key: String? = nil,
    id: String = "e1",
    correlation: String? = nil,
    json: Bool = false
) throws -> IncomingMessage {
    let envelope = Envelope(
        id: id,
        source: "s",
        type: "message.user",
        time: 1,
        correlationID: correlation
    )
    return try Array(value.utf8).withUnsafeBytes { value in
        try (key.map { Array($0.utf8) } ?? []).withUnsafeBytes { bytes in
            try IncomingMessage(
                value: value,
                key: key == nil ? nil : bytes,
                envelope: envelope,
                isDeclaredJSON: json
            )
        }
    }
}

@Suite struct IncomingMessageTests {
    @Test func `a line of text is a message`() throws {
        let incoming = try read("What is a topic?\n", key: "s9")
        #expect(incoming.message.content == "What is a topic?\n")
        #expect(incoming.sessionID == "s9")
        #expect(incoming.requestID == "e1")
        #expect(try read("hello").sessionID == "e1")
        #expect(try read("\"quoted\"").message.content == "quoted")
        #expect(try read("\"He said\" and left").message.content == "\"He said\" and left")
        #expect(try read("42").message.content == "42")
    }

    @Test func `the value's ids come before the record's`() throws {
        let incoming = try read(
            #"{"content":"hi","session_id":"a","request_id":"b"}"#,
            key: "k",
            correlation: "c"
        )
        #expect(incoming.sessionID == "a")
        #expect(incoming.requestID == "b")
        #expect(try read(#"{"content":"hi"}"#, key: "k", correlation: "c").requestID == "c")
    }

    @Test(arguments: [
        "", "  ", "{", #"{"content":5}"#, #"{"text":"x"}"#, #"{"content":""}"#, "[1]", "\u{0}x",
        #"{"content":"x","session_id":""}"#,
    ])
    func `what is no message is refused`(value: String) {
        #expect(throws: (any Error).self) { try read(value) }
    }

    @Test func `text is refused where JSON was promised`() {
        #expect(throws: (any Error).self) { try read("hello", json: true) }
        #expect(throws: IncomingMessage.Refused.self) {
            try read("hi", key: String(repeating: "k", count: 257))
        }
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `random bytes never trap`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0..<64, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        let envelope = Envelope(id: "e", source: "s", type: "message.user", time: 0)
        bytes.withUnsafeBytes {
            _ = try? IncomingMessage(value: $0, key: $0, envelope: envelope, isDeclaredJSON: false)
        }
    }
}

@Suite struct TurnGateTests {
    private let gate = TurnGate(ConversationSettings(defaultModel: "m", deniedTerms: ["forbidden"]))

    @Test func `an honest message becomes a turn with everything it brought`() throws {
        let decision = gate.decide(
            try read(#"{"content":"How?","session_id":"s","model":"x","temperature":0.5,"max_tokens":9,"stop":["."]}"#)
        )
        guard case .admitted(let turn) = decision else { throw EventError(type: "", member: "", reason: "denied") }
        #expect(turn.model == "x" && turn.temperature == 0.5 && turn.maxTokens == 9 && turn.stop == ["."])
        #expect(turn.analysis.intent == "question")
        #expect(gate.details(of: decision).action == "turn.admit")
        #expect(gate.details(of: decision).details["score"] == "1.0")
    }

    @Test(arguments: [
        (#"{"content":"forbidden fruit"}"#, "policy_denied"),
        (#"{"content":"x","temperature":3}"#, "invalid_request"),
        (#"{"content":"x","max_tokens":0}"#, "invalid_request"),
        (#"{"content":"x","model":""}"#, "invalid_request"),
        (#"{"content":"x","messages":[{"role":"boss","content":"y"}]}"#, "invalid_request"),
        (
            #"{"content":"go","messages":[{"role":"user","content":"forbidden"},{"role":"user","content":"go"}]}"#,
            "policy_denied"
        ),
    ])
    func `refuses with a code and a reason`(value: String, code: String) throws {
        let decision = gate.decide(try read(value))
        guard case .denied(let denial, _) = decision else {
            Issue.record("admitted")
            return
        }
        #expect(denial.code == code)
        #expect(!denial.reason.isEmpty)
        #expect(gate.details(of: decision).outcome == "denied")
    }

    @Test func `an old refused message in the client's history does not refuse the next turn`() throws {
        let decision = gate.decide(
            try read(
                #"{"content":"hi","messages":[{"role":"user","content":"forbidden"},{"role":"assistant","content":"no"},{"role":"user","content":"hi"}]}"#
            )
        )
        guard case .admitted = decision else {
            Issue.record("denied")
            return
        }
    }
}

@Suite struct TurnPlannerTests {
    private let planner = TurnPlanner(ConversationSettings(persona: "Be brief.", turnMilliseconds: 5000))

    private func turn(_ content: String, _ messages: [ChatMessage]? = nil) -> TurnAdmitted {
        TurnAdmitted(
            requestID: "r",
            sessionID: "s",
            content: content,
            model: "m",
            messages: messages,
            analysis: TurnAnalysis(intent: "", sentiment: "", tags: []),
            policy: PolicyVerdict(allowed: true, score: 1, violations: [])
        )
    }

    @Test func `the session's own history comes before the message`() {
        var history = SessionHistory()
        history.append(role: "user", content: "a", requestID: "1")
        history.append(role: "assistant", content: "b", requestID: "1")
        let request = planner.request(for: turn("c"), history: history, time: 1000)
        #expect(request.messages.map(\.content) == ["Be brief.", "a", "b", "c"])
        #expect(request.messages.first?.name == "persona")
        #expect(request.deadlineMs == 6000)
    }

    @Test func `what the client tells wins`() {
        var history = SessionHistory()
        history.append(role: "user", content: "old", requestID: "1")
        let told = [ChatMessage(role: "system", content: "You are X."), ChatMessage(role: "user", content: "c")]
        let request = planner.request(for: turn("c", told), history: history, time: 0)
        #expect(request.messages.map(\.content) == ["You are X.", "c"])
    }

    @Test func `a second delivery changes nothing and sees what the first one saw`() {
        var history = SessionHistory()
        history.append(role: "user", content: "a", requestID: "1")
        history.append(role: "user", content: "c", requestID: "2")
        history.append(role: "assistant", content: "b", requestID: "1")
        #expect(history.messages.map(\.content) == ["a", "b", "c"])
        var again = history
        again.append(role: "user", content: "a", requestID: "1")
        again.append(role: "assistant", content: "b", requestID: "1")
        #expect(again == history)
        #expect(history.before("2").map(\.content) == ["a", "b"])
        #expect(history.before("3").count == 3)
    }

    @Test func `a history stays within its bounds and reads back`() throws {
        var history = SessionHistory()
        for number in 0..<50 { history.append(role: "user", content: "\(number)", requestID: "\(number)") }
        #expect(history.messages.map(\.content) == (30..<50).map(String.init))
        let long = String(repeating: "é", count: 20_000)
        for number in 100..<110 { history.append(role: "user", content: long, requestID: "\(number)") }
        #expect(history.messages.reduce(0) { $0 + $1.content.utf8.count } <= SessionHistory.bytesMax)
        #expect(history.messages.allSatisfy { $0.content.utf8.count <= 16 * 1024 })
        #expect(try SessionHistory(bytes: history.bytes) == history)
    }
}
