import Bytes

/// The records of a measurement, made again by whoever checks them: each is another piece of a text, with a number in
/// front.
struct LoadRecords {
    /// What was sent or received, whatever the order: how many, and the sum of their checksums.
    struct Tally: Equatable {
        private(set) var count = 0
        private(set) var checksum: UInt64 = 0

        mutating func add(_ record: UnsafeRawBufferPointer) {
            count += 1
            checksum &+= UInt64(CRC32C.checksum(record))
        }
    }

    let size: Int
    private let text: [UInt8]
    private var record: [UInt8]
    private var next = 0

    init(size: Int) {
        self.size = max(8, size)
        // Words of a small vocabulary: codecs find in it about what they find in events.
        var text: [UInt8] = []
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        while text.count < 1 << 18 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += Array("\(state >> 40) ".utf8)
            text += Array(["\"id\":", "\"value\":", "true,", "{\"name\":", "},", "null,"][Int(state >> 33) % 6].utf8)
        }
        self.text = text
        record = Array(repeating: 0, count: self.size)
    }

    /// Makes the next record, with a number in its first eight bytes.
    mutating func make<Result>(number: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        next = (next + 61) % (text.count - size)
        let (start, text) = (next, text)
        return try record.withUnsafeMutableBytes { bytes in
            text.withUnsafeBytes {
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<(start + bytes.count)]))
            }
            bytes.storeBytes(of: number, as: Int.self)
            return try body(UnsafeRawBufferPointer(bytes))
        }
    }

    /// The number in a record.
    static func number(of record: UnsafeRawBufferPointer) -> Int {
        record.count >= 8 ? record.loadUnaligned(as: Int.self) : 0
    }
}
