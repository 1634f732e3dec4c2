import Events
import Testing

@testable import SomaCommands

@Suite struct RecordTests {
    private let now: Int64 = 1_800_000_000_000

    @Test(arguments: [
        ("start", OffsetRange(start: .start)), ("47", OffsetRange(start: .offset(47))),
        ("+2", OffsetRange(start: .afterStart(2))), ("-3", OffsetRange(start: .beforeEnd(3))),
        ("5:9", OffsetRange(start: .offset(5), end: .offset(9))), (":end", OffsetRange(start: .start, end: .end)),
        ("@-1h", OffsetRange(start: .time(1_799_996_400_000))),
        ("@1700000000", OffsetRange(start: .time(1_700_000_000_000))),
        ("@1700000000123:now", OffsetRange(start: .time(1_700_000_000_123), end: .time(1_800_000_000_000))),
        (
            "@2026-11-01:2026-11-02T10:30:00Z",
            OffsetRange(start: .time(1_793_491_200_000), end: .time(1_793_615_400_000))
        ),
        ("@2026-11-01T00:00Z:end", OffsetRange(start: .time(1_793_491_200_000), end: .end)),
    ])
    func `reads rpk's offsets`(text: String, expected: OffsetRange) throws {
        #expect(try OffsetRange(text, now: now) == expected)
    }

    @Test(arguments: ["", "x", "@x", "1:x", "@2026-13-01", "--1"])
    func `refuses what is no offset`(text: String) {
        #expect(throws: CommandError.self) { try OffsetRange(text, now: now) }
    }

    @Test func `writes the fields that a format names`() throws {
        let record = LogRecord(
            topic: "t",
            partition: 3,
            offset: 9,
            timestamp: 12,
            key: Array("k".utf8),
            value: Array("vv".utf8),
            headers: [RecordHeader("a", text: "1"), RecordHeader("b", nil)]
        )
        var out: [UInt8] = []
        try RecordFormat("%t/%p@%o %d %k=%v (%V) [%h] %i%%\\n").append(record, counter: 7, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "t/3@9 12 k=vv (2) [a=1 b=] 7%\n")
        #expect(throws: CommandError.self) { try RecordFormat("%x") }
    }

    @Test func `reads records across pieces of input`() throws {
        let reader = try RecordReader("%k %v\\n")
        var input = ArraySlice("a 1\nb 2".utf8)
        let first = try reader.next(&input, topic: "t", isLast: false)
        #expect(first?.key == Array("a".utf8) && first?.value == Array("1".utf8))
        #expect(try reader.next(&input, topic: "t", isLast: false) == nil)
        let last = try reader.next(&input, topic: "t", isLast: true)
        #expect(last?.value == Array("2".utf8))
        #expect(try reader.next(&input, topic: "t", isLast: true) == nil)
    }

    @Test func `json goes out and comes in the same`() throws {
        let record = LogRecord(
            topic: "t",
            partition: 1,
            offset: 0,
            timestamp: 5,
            key: [0xFF, 0],
            value: Array("{\"a\":1}".utf8),
            headers: [RecordHeader("h", text: "x"), RecordHeader("n", nil)]
        )
        var out: [UInt8] = []
        try RecordFormat("json").append(record, counter: 0, to: &out)
        var input = out[...]
        #expect(try RecordReader("json").next(&input, topic: "other", isLast: true) == record)
    }

    @Test(arguments: 0..<40) func `base 64 goes both ways`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ 7) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
}
