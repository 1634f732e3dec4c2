import Bytes
import Compression
import Testing

@Suite struct CompressionCodecTests {
    static let cases = CompressionCodec.allCases.flatMap { codec in
        [0, 1, 100, 65_536, 70_000, 1_000_000].map { (codec, $0) }
    }

    @Test(arguments: cases)
    func `what is compressed is read back`(codec: CompressionCodec, count: Int) throws {
        var random = Random(state: UInt64(count))
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 97 < 60 ? UInt64($0 % 7) : random.next()) }
        let packed = try codec.packed(plain)
        #expect(try codec.unpacked(packed, limit: count) == plain)
        if count > 0 {
            #expect(throws: CompressionError.tooLarge(limit: count - 1)) {
                try codec.unpacked(packed, limit: count - 1)
            }
        }
    }

    @Test(arguments: CompressionCodec.allCases.filter { $0 != .none })
    func `cut data is an error at every length`(codec: CompressionCodec) throws {
        let plain = (0..<3000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        let packed = try codec.packed(plain)
        for count in 0..<packed.count {
            #expect(throws: CompressionError.self) { try codec.unpacked(Array(packed[..<count]), limit: 1 << 20) }
        }
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `decompressing never traps and keeps its bound on damaged and random bytes`(seed: UInt64) throws {
        var random = Random(state: seed)
        let plain = (0..<2000).map { _ in UInt8(truncatingIfNeeded: random.next() % 5) }
        for codec in CompressionCodec.allCases {
            let packed = try codec.packed(plain)
            for _ in 0..<20 {
                var damaged = packed
                for _ in 0...(random.next() % 4) {
                    damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next())
                }
                _ = try? codec.unpacked(damaged, limit: 5000)
                let noise = (0..<(random.next() % 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                _ = try? codec.unpacked(noise, limit: 5000)
            }
        }
    }

    @Test func `a bomb is refused before it takes memory`() throws {
        let zeros = [UInt8](repeating: 0, count: 50 << 20)
        for codec in CompressionCodec.allCases.filter({ $0 != .none }) {
            let packed = try codec.packed(zeros)
            #expect(throws: CompressionError.tooLarge(limit: 1 << 20)) { try codec.unpacked(packed, limit: 1 << 20) }
        }
    }

    /// Java's snappy library and sarama put blocks behind a header of their own.
    @Test func `snappy in xerial framing is read`() throws {
        let parts: [[UInt8]] = [Array("hello, ".utf8), Array("world".utf8)]
        var framed: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]
        for part in parts {
            let block = try CompressionCodec.snappy.packed(part)
            framed += [0, 0, 0, UInt8(block.count)] + block
        }
        #expect(try CompressionCodec.snappy.unpacked(framed, limit: 100) == parts.flatMap { $0 })
        #expect(throws: CompressionError.tooLarge(limit: 11)) {
            try CompressionCodec.snappy.unpacked(framed, limit: 11)
        }
        framed[16] = 0xff
        #expect(throws: CompressionError.self) { try CompressionCodec.snappy.unpacked(framed, limit: 100) }
    }

    @Test func `several frames or members in a row are one text`() throws {
        for codec in [CompressionCodec.gzip, .lz4, .zstd] {
            let both = try codec.packed(Array("one".utf8)) + codec.packed(Array("two".utf8))
            #expect(try codec.unpacked(both, limit: 6) == Array("onetwo".utf8))
        }
    }
}

extension CompressionCodec {
    func packed(_ bytes: [UInt8]) throws -> [UInt8] {
        var writer = ByteWriter()
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(CompressionError) in try compress(bytes, into: &writer) }
        }
        try result.get()
        return Array(writer.bytes)
    }

    func unpacked(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        var writer = ByteWriter()
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(CompressionError) in try decompress(bytes, into: &writer, maximumByteCount: limit) }
        }
        try result.get()
        return Array(writer.bytes)
    }
}

struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
