import JSON
import Testing

@testable import Events

@Suite struct EnvelopeTests {
    @Test func `an envelope comes back from its headers`() {
        let envelope = Envelope(
            id: "a",
            source: "/gateway",
            type: "message.user",
            time: 1_700_000_000_123,
            subject: "u",
            dataSchema: "message.user/v1",
            tenant: "acme",
            correlationID: "r",
            causationID: "c",
            traceparent: "00-0-0-01",
            replay: "run/audit"
        )
        let read = Envelope(topic: "t", partition: 1, offset: 2, timestamp: 3, defaultType: "x") { body in
            for header in envelope.headers { (header.value ?? []).withUnsafeBytes { body(header.name, $0) } }
        }
        #expect(read == envelope)
    }

    @Test func `a record without headers has an envelope that its place in the log decides`() {
        let read = Envelope(topic: "t", partition: 1, offset: 2, timestamp: 3, defaultType: "message.user") { _ in }
        #expect(read.id == "t/1/2" && read.correlationID == "t/1/2" && read.time == 3)
        #expect(read.tenant == "default" && read.type == "message.user")
    }

    @Test func `derived ids are the same at every derivation and differ by index`() {
        let first = EventID.derived(from: "in", processor: "p", index: 0)
        #expect(first == EventID.derived(from: "in", processor: "p", index: 0))
        #expect(first != EventID.derived(from: "in", processor: "p", index: 1))
        #expect(first.utf8.count == 36 && first.split(separator: "-")[2].hasPrefix("8"))
    }

    @Test func `a UUIDv7 begins with its time`() {
        var random = SystemRandomNumberGenerator()
        let id = EventID.uuidV7(milliseconds: 0x0123_4567_89AB, using: &random)
        #expect(id.hasPrefix("01234567-89ab-7"))
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("2026-11-21T02:26:00.125Z", 1_795_227_960_125),
            ("1969-12-31T23:59:59.999Z", -1), ("2024-02-29T12:00:00.000Z", 1_709_208_000_000),
        ] as [(String, Int64)]
    )
    func `times come and go as RFC 3339`(text: String, milliseconds: Int64) {
        #expect(EventTime.text(milliseconds: milliseconds) == text)
        #expect(EventTime.milliseconds(text) == milliseconds)
    }

    @Test func `offsets and odd fractions are read`() {
        #expect(EventTime.milliseconds("2026-11-21T03:26:00.1259+01:00") == 1_795_227_960_125)
        #expect(EventTime.milliseconds("2026-11-21t02:26:00z") == 1_795_227_960_000)
        for wrong in [
            "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21", "2026-11-21T02:26:00",
        ] {
            #expect(EventTime.milliseconds(wrong) == nil)
        }
    }
}

@Suite struct GeneratedEventTests {
    @Test func `a generated type comes back from its JSON`() throws {
        let request = SLMRequest(
            requestID: "r",
            sessionID: "s",
            model: "local",
            messages: [ChatMessage(role: "user", content: "hé\n", name: nil)],
            temperature: 0.5,
            maxTokens: 5,
            stop: ["x"],
            deadlineMs: 7
        )
        let read = try request.bytes.withUnsafeBytes { try SLMRequest(bytes: $0) }
        #expect(read == request)
        #expect(read.key(tenant: "t") == "s")
    }

    @Test func `a wrong member is named`() {
        let text =
            #"{"request_id":"r","session_id":"s","model":"m","messages":[{"role":"user","content":1}],"deadline_ms":1}"#
        let error = #expect(throws: EventError.self) {
            try Array(text.utf8).withUnsafeBytes { _ = try SLMRequest(bytes: $0) }
        }
        #expect(error?.member == "/messages/0/content")
    }

    @Test func `every contract names its type, topic and version`() throws {
        #expect(EventSchemas.all.count >= 15)
        for schema in EventSchemas.all {
            #expect(schema.id == "\(schema.type)/v1" && !schema.topic.isEmpty)
            #expect(try JSON.parse(schema.text)["title"]?.string != nil)
        }
    }
}
