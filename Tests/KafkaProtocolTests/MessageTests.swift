import Bytes
import Clocks
import KafkaProtocol
import Testing

@Suite struct MessageTests {
    @Test func `every API key has a codec`() {
        #expect(Set(MessageRow.all.map(\.layout.key)) == Set(APIKey.allCases))
    }

    @Test(arguments: MessageRow.all)
    func `an answer with a throttle time is in the list of those`(row: MessageRow) {
        #expect(row.tellsThrottle, "see ThrottledAnswer.swift")
    }

    @Test(arguments: MessageRow.all)
    func `what is written in any version is read back whole`(row: MessageRow) throws {
        for version in row.layout.versions { #expect(try row.roundTrip(version), "version \(version)") }
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `decoding random bytes never traps`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for row in MessageRow.all {
            for version in row.layout.versions {
                // Small bytes make plausible lengths, which get further into the message.
                let top: UInt8 = seed % 2 == 0 ? 255 : 4
                let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                    UInt8.random(in: 0...top, using: &random)
                }
                bytes.withUnsafeBytes { bytes in _ = try? row.decodeRequest(bytes, version) }
            }
        }
    }

    @Test func `a count that the bytes cannot hold is refused before memory is taken`() {
        let bytes: [UInt8] = [0x7f, 0xff, 0xff, 0xff]
        bytes.withUnsafeBytes { bytes in
            var reader = WireReader(ByteReader(bytes), isFlexible: false)
            #expect(throws: ByteError.self) { _ = try MetadataRequest(from: &reader, version: 1) }
        }
    }

    @Test func `unknown tagged fields are skipped`() throws {
        var writer = WireWriter(isFlexible: true)
        writer.string("group")
        writer.int32(7)
        writer.string("member")
        writer.nullableString(nil)
        writer.output.writeBytes([1, 9, 3, 1, 2, 3])
        var reader = WireReader(ByteReader(writer.output.bytes), isFlexible: true)
        let request = try HeartbeatRequest(from: &reader, version: 4)
        #expect(request.groupID == "group" && request.generationID == 7 && reader.cursor.isAtEnd)
    }

    @Test func `a topic id goes to Kafka's text and back`() throws {
        for _ in 0..<100 {
            let id = KafkaUUID.random()
            #expect(id.text.utf8.count == 22)
            #expect(KafkaUUID(text: id.text) == id)
        }
        #expect(KafkaUUID(high: 0, low: 1).text == "AAAAAAAAAAAAAAAAAAAAAQ")
    }
}
