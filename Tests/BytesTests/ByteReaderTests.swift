import Bytes
import Testing

@Suite struct ByteReaderTests {
    @Test func `every kind of value is read back as it was written`() throws {
        let longs: [Int64] = [0, 1, -1, 63, 64, -64, -65, 300, -300, .max, .min]
        let ints: [Int32] = [0, 1, -1, 127, 128, -129, .max, .min]
        let unsigned: [UInt32] = [0, 1, 127, 128, 16383, 16384, .max]
        var writer = ByteWriter(capacity: 1)
        writer.writeInt8(-5)
        writer.writeUInt16(65_000)
        writer.writeInt32(-70_000)
        writer.writeInt64(.min)
        writer.writeFloat64(1.5)
        for value in longs { writer.writeVarlong(value) }
        for value in ints { writer.writeVarint(value) }
        for value in unsigned { writer.writeUnsignedVarint(value) }
        writer.writeUTF8("grüße")
        writer.patch(Int32(42), at: 3)
        let bytes = writer.finish()
        var reader = ByteReader(bytes.bytes)
        #expect(try reader.readInt8() == -5)
        #expect(try reader.readUInt16() == 65_000)
        #expect(try reader.readInt32() == 42)
        #expect(try reader.readInt64() == .min)
        #expect(try reader.readFloat64() == 1.5)
        for value in longs { #expect(try reader.readVarlong() == value) }
        for value in ints { #expect(try reader.readVarint() == value) }
        for value in unsigned { #expect(try reader.readUnsignedVarint() == value) }
        #expect(try reader.readString(7) == "grüße")
        #expect(reader.isAtEnd)
    }

    @Test func `a failed read leaves the position where it was`() {
        let bytes: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            #expect(throws: ByteError.truncated(needed: 8, available: 6)) { try reader.readInt64() }
            #expect(throws: ByteError.invalidVarint) { try reader.readUnsignedVarint() }
            #expect(throws: ByteError.truncated(needed: 1, available: 0)) { try reader.readVarlong() }
            #expect(throws: ByteError.negativeLength(-1)) { try reader.readBytes(-1) }
            #expect(throws: ByteError.invalidUTF8) { try reader.readString(3) }
            #expect(throws: ByteError.truncated(needed: 7, available: 6)) { try reader.skip(7) }
            #expect(reader.position == 0)
        }
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `reading never traps on random bytes`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let bytes = (0..<200).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            for _ in 0..<100 {
                switch random.next() % 6 {
                case 0: _ = try? reader.readVarint()
                case 1: _ = try? reader.readVarlong()
                case 2: _ = try? reader.readUnsignedVarint()
                case 3: _ = try? reader.readInt64()
                case 4: _ = try? reader.readString(Int(truncatingIfNeeded: random.next()) % 10)
                default: _ = try? reader.readBytes(Int(truncatingIfNeeded: random.next()))
                }
                #expect(reader.position <= bytes.count)
            }
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
