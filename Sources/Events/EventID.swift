import Crypto

/// Identifiers of events: time-ordered at the edge, derived everywhere else.
public enum EventID {
    /// A UUIDv7 (RFC 9562) in lower-case text form.
    ///
    /// - Parameters:
    ///   - milliseconds: Wall clock, since 1970-01-01T00:00:00Z.
    ///   - random: Source of the 74 random bits.
    /// - Returns: 36 characters.
    public static func uuidV7(milliseconds: Int64, using random: inout some RandomNumberGenerator) -> String {
        let high = UInt64(bitPattern: milliseconds) << 16 | 0x7000 | (random.next() & 0x0FFF)
        let low = (random.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        return uuid(high: high, low: low)
    }

    /// The id of a processor's output: the same input, processor and index always give the same id.
    ///
    /// The first 16 bytes of SHA-256 over the three parts, separated by 0x1F, with the version nibble 8 (RFC 9562).
    /// A redelivery or a replay therefore makes the same ids, and every consumer can be idempotent by id.
    public static func derived(from inputID: String, processor: String, index: Int) -> String {
        var text = inputID + "\u{1F}" + processor + "\u{1F}" + String(index)
        let digest = text.withUTF8 { SHA256Hasher().digest(UnsafeRawBufferPointer($0)) }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(digest[index])
            low = low << 8 | UInt64(digest[index + 8])
        }
        high = (high & ~0xF000) | 0x8000
        low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        return uuid(high: high, low: low)
    }

    private static func uuid(high: UInt64, low: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                buffer[position] = digits[Int(word >> UInt64((15 - nibble % 16) * 4) & 15)]
                position += 1
            }
            return 36
        }
    }
}
