import Events
import SomaStreams
import SomaStreamsTesting
import StateStore
import Testing

struct TopologyTestDriverTests {
    private func message(_ content: String, session: String = "s1") -> UserMessage {
        UserMessage(sessionID: session, content: content)
    }

    @Test func `outputs carry derived ids and go on from the input's envelope`() throws {
        let driver = try TopologyTestDriver(Splitter.definition())
        var envelope = Envelope(
            id: "in-1",
            source: "/gateway",
            type: UserMessage.type,
            time: 5,
            tenant: "acme",
            correlationID: "req-1",
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            replay: "run/shadow"
        )
        envelope.subject = "s1"
        try driver.pipe(message("two words"), envelope: envelope)
        let outputs = driver.outputs(of: "out")
        #expect(outputs.map(\.keyText) == ["s1", "s1"])
        #expect(try outputs.map { try $0.decode(AssistantDelta.self).content } == ["two", "words"])
        let second = outputs[1].envelope
        #expect(second.id == EventID.derived(from: "in-1", processor: "splitter", index: 1))
        #expect(second.causationID == "in-1" && second.correlationID == "req-1" && second.tenant == "acme")
        #expect(second.traceparent == envelope.traceparent && second.replay == "run/shadow")
        #expect(second.source == "/processors/splitter" && second.type == "assistant.delta")
    }

    @Test func `a record without headers has an id, a type and a tenant all the same`() throws {
        let driver = try TopologyTestDriver(Splitter.definition())
        let bare = Array(#"{"session_id":"s1","content":"hello"}"#.utf8)
        try driver.pipe(topic: "conversation.events", value: bare, partition: 3)
        try driver.pipe(topic: "conversation.events", value: Array(#"{"type":"other"}"#.utf8), partition: 3)
        let output = try #require(driver.readOutput("out"))
        #expect(output.envelope.causationID == "conversation.events/3/0")
        #expect(output.envelope.correlationID == "conversation.events/3/0" && output.envelope.tenant == "default")
        #expect(driver.readOutput("out") == nil)
    }

    @Test func `a transient failure is tried again and leaves nothing of the failed tries`() throws {
        let driver = try TopologyTestDriver(Splitter.definition())
        try driver.pipe(message("flaky"))
        #expect(driver.failures.map(\.code) == ["busy", "busy"])
        #expect(driver.outputs(of: "out").count == 1)
        #expect(try driver.store("counts").get("s1") == [1])
        #expect(driver.deadLetters.isEmpty)
    }

    @Test(arguments: [("bad", "refused"), ("undeclared", "undeclared_output"), ("huge", "output_too_large")])
    func `a permanent failure goes to the dead letters and the next record is processed`(
        content: String,
        code: String
    ) throws {
        let driver = try TopologyTestDriver(Splitter.definition())
        try driver.pipe(message("first"))
        try driver.pipe(message(content))
        try driver.pipe(message("third"))
        #expect(try driver.outputs(of: "out").map { try $0.decode(AssistantDelta.self).content } == ["first", "third"])
        #expect(try driver.store("counts").get("s1") == [2])
        let letter = try #require(driver.deadLetters.first)
        #expect(letter.topic == "conversation.events.dlq" && letter.keyText == "s1")
        #expect(letter.header("__connect.errors.topic") == "conversation.events")
        #expect(letter.header("__connect.errors.partition") == "0")
        #expect(letter.header("__connect.errors.offset") == "1")
        #expect(letter.header("__connect.errors.connector.name") == "splitter")
        #expect(letter.header("soma-error-code") == code)
        #expect(letter.header("ce_id") == "conversation.events/0/1")
    }

    @Test func `bytes that break the contract are undecodable`() throws {
        let driver = try TopologyTestDriver(Splitter.definition())
        try driver.pipe(topic: "conversation.events", value: Array(#"{"session_id":4}"#.utf8))
        try driver.pipe(topic: "conversation.events", value: [0xFF, 0xFE])
        try driver.pipe(topic: "conversation.events", value: nil)
        #expect(
            driver.deadLetters.map { $0.header("soma-error-code") } == [
                "contract_violation", "contract_violation", "undecodable",
            ]
        )
        #expect(driver.deadLetters.allSatisfy { $0.header("__connect.errors.stage") == "VALUE_CONVERTER" })
    }

    @Test func `the policy stop throws instead`() throws {
        let driver = try TopologyTestDriver(Splitter.definition(failure: FailurePolicy(last: .stop)))
        #expect(throws: ProcessingError.self) { try driver.pipe(message("bad")) }
        #expect(driver.deadLetters.isEmpty)
    }

    @Test func `timers follow the hand-turned clock`() throws {
        let driver = try TopologyTestDriver(Splitter.definition(), start: 1000)
        try driver.pipe(message("x"))
        try driver.advance(by: .seconds(9))
        #expect(driver.outputs.count == 1)
        try driver.advance(by: .seconds(21))
        #expect(driver.outputs.filter { $0.type == "tick" }.map(\.valueText) == ["11000", "21000", "31000"])
        #expect(driver.now == 31000)
    }
}
