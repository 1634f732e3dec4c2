/// SipHash-2-4 with 128 bits: two keys never share a hash in practice, and nobody can choose keys that do without
/// knowing the secret, which is made anew by each process.
struct KeyHash: Equatable {
    let high: UInt64
    let low: UInt64

    /// The secret.
    struct Seed {
        let first: UInt64
        let second: UInt64

        static func random() -> Seed {
            Seed(first: .random(in: .min ... .max), second: .random(in: .min ... .max))
        }
    }

    init(_ bytes: UnsafeRawBufferPointer, seed: Seed) {
        var state = State(seed)
        var position = 0
        while position + 8 <= bytes.count {
            state.absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            position += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while position < bytes.count {
            last |= UInt64(bytes[position]) << shift
            position += 1
            shift += 8
        }
        state.absorb(last)
        (high, low) = state.finish()
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        init(_ seed: Seed) {
            v0 = seed.first ^ 0x736f_6d65_7073_6575
            v1 = seed.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
            v2 = seed.first ^ 0x6c79_6765_6e65_7261
            v3 = seed.second ^ 0x7465_6462_7974_6573
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish() -> (UInt64, UInt64) {
            v2 ^= 0xee
            for _ in 0..<4 { round() }
            let first = v0 ^ v1 ^ v2 ^ v3
            v1 ^= 0xdd
            for _ in 0..<4 { round() }
            return (first, v0 ^ v1 ^ v2 ^ v3)
        }

        @inline(__always)
        private mutating func round() {
            v0 &+= v1
            v1 = Self.rotate(v1, 13) ^ v0
            v0 = Self.rotate(v0, 32)
            v2 &+= v3
            v3 = Self.rotate(v3, 16) ^ v2
            v0 &+= v3
            v3 = Self.rotate(v3, 21) ^ v0
            v2 &+= v1
            v1 = Self.rotate(v1, 17) ^ v2
            v2 = Self.rotate(v2, 32)
        }

        @inline(__always)
        private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
            value << count | value >> (64 - count)
        }
    }
}
