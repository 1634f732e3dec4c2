/// Base 64 (RFC 4648) that takes the one canonical form of a value and no other.
package enum Base64 {
    package enum Alphabet: Sendable {
        /// With `+`, `/` and padding.
        case standard
        /// With `-` and `_`, without padding.
        case url
    }

    private static let common = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
        let digits = common + Array((alphabet == .standard ? "+/" : "-_").utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var word = 0
            for byte in part { word = word << 8 | Int(byte) }
            word <<= 8 * (3 - part.count)
            for place in 0...part.count { text.append(digits[word >> (18 - 6 * place) & 63]) }
            if alphabet == .standard { text += Array(repeating: UInt8(ascii: "="), count: 3 - part.count) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes; nil for anything that `encode` would not have written.
    package static func decode(_ text: some Collection<UInt8>, _ alphabet: Alphabet = .standard) -> [UInt8]? {
        var digits = Array(text)
        if alphabet == .standard {
            guard digits.count % 4 == 0 else { return nil }
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var word = 0
        var bits = 0
        for digit in digits {
            guard let value = value(digit, alphabet) else { return nil }
            word = (word << 6 | value) & 0xfff
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: word >> bits))
        }
        // Bits that belong to no byte must be zero, or one value would have many forms.
        return word & ((1 << bits) - 1) == 0 ? bytes : nil
    }

    private static func value(_ digit: UInt8, _ alphabet: Alphabet) -> Int? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(digit) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(digit) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit) + 4
        case UInt8(ascii: "+") where alphabet == .standard: 62
        case UInt8(ascii: "/") where alphabet == .standard: 63
        case UInt8(ascii: "-") where alphabet == .url: 62
        case UInt8(ascii: "_") where alphabet == .url: 63
        default: nil
        }
    }
}
