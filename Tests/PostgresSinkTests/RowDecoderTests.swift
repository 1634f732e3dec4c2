import Clocks
import Events
import JSON
import Testing

@testable import PostgresSink

func decode(
    _ value: String?,
    topic: String = "conversation.events",
    type: String = "message.user",
    key: String? = nil,
    id: String = "e1",
    tenant: String = "t",
    offset: Int64 = 0
) throws -> StoredRow? {
    let envelope = Envelope(id: id, source: "s", type: type, time: 1_700_000_000_000, tenant: tenant)
    func bytes<Result>(
        _ text: String?,
        _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        guard let text else { return try body(nil) }
        return try Array(text.utf8).withUnsafeBytes { try body($0) }
    }
    return try bytes(key) { key in
        try bytes(value) { value in
            try RowDecoder.row(
                topic: topic,
                partition: 0,
                offset: offset,
                key: key,
                value: value,
                envelope: envelope
            )
        }
    }
}

@Suite struct RowDecoderTests {
    @Test func `a message has its ids, its text and its data`() throws {
        let row = try #require(
            try decode(#"{"content":"hi","session_id":"s","request_id":"r","model":"m","extra":[1]}"#, key: "k")
        )
        guard case .conversation(let event) = row.content else {
            Issue.record("another table")
            return
        }
        #expect(event.sessionID == "s" && event.requestID == "r" && event.model == "m" && event.content == "hi")
        #expect(String(decoding: row.data, as: UTF8.self).contains("extra"))
    }

    @Test func `a line of text is stored as a message`() throws {
        let row = try #require(try decode("hello", key: "k"))
        #expect(row.data == Array(#"{"content":"hello"}"#.utf8))
        guard case .conversation(let event) = row.content else { return }
        #expect(event.sessionID == "k" && event.requestID == "e1" && event.content == "hello")
    }

    @Test func `pieces of answers and tombstones are not stored`() throws {
        #expect(try decode("{}", type: "assistant.delta") == nil)
        #expect(try decode(nil) == nil)
    }

    @Test(arguments: [
        ("{", "conversation.events", "message.user"), ("text", "conversation.events", "assistant.final"),
        ("[]", "conversation.events", "x.y"), ("{}", "billing", "usage.recorded"), ("{}", "billing", "unknown.type"),
        ("{}", "agent.audit", "audit.recorded"), ("\u{FF}\u{FF}", "agent.audit", ""),
    ])
    func `what fits no table is refused`(value: String, topic: String, type: String) {
        #expect(throws: (any Error).self) { try decode(value, topic: topic, type: type) }
    }

    @Test func `names that no index takes are refused`() {
        #expect(throws: RowDecoder.Refused.self) {
            try decode(#"{"content":"x"}"#, id: String(repeating: "i", count: 600))
        }
    }

    @Test(arguments: [
        (#"{"a":"x\u0000y"}"#, #"{"a":"x\ufffdy"}"#), (#"{"a":"x\\u0000y"}"#, #"{"a":"x\\u0000y"}"#),
        (#"{"a":"\\\u0000"}"#, #"{"a":"\\\ufffd"}"#), (#"{"a":"\u0000\u0000\n"}"#, #"{"a":"\ufffd\ufffd\n"}"#),
        (#"{"a":"\\"}"#, #"{"a":"\\"}"#), ("{}", "{}"), (#""\u000""#, #""\u000""#),
    ])
    func `zero characters become replacement characters`(json: String, expected: String) {
        let sanitized = Array(json.utf8).withUnsafeBytes { JSONBText.sanitized($0) }
        #expect(String(decoding: sanitized, as: UTF8.self) == expected)
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `random bytes never trap`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0..<80, using: &random)).map { _ in
            Bool.random(using: &random)
                ? UInt8.random(in: 0...255, using: &random) : #"{}[]\":,u0"#.utf8.randomElement(using: &random) ?? 0
        }
        let envelope = Envelope(id: "e", source: "s", type: "message.user", time: 0)
        bytes.withUnsafeBytes { value in
            _ = JSONBText.sanitized(value)
            _ = try? RowDecoder.row(
                topic: "conversation.events",
                partition: 0,
                offset: 0,
                key: value,
                value: value,
                envelope: envelope
            )
        }
    }
}
