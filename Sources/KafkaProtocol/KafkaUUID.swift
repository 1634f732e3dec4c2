/// Sixteen bytes that name a topic for ever: a topic created again under its old name has another one.
package struct KafkaUUID: Sendable, Hashable {
    package var high: UInt64
    package var low: UInt64

    /// The id that stands for "none".
    package static let zero = KafkaUUID(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A random version 4 UUID; its Base64 text never begins with a dash, as in Kafka, so that tools can take it as an
    /// argument.
    package static func random() -> KafkaUUID {
        while true {
            let high = UInt64.random(in: .min ... .max) & ~0xf000 | 0x4000
            let low = UInt64.random(in: .min ... .max) & ~(0b11 << 62) | (0b10 << 62)
            let id = KafkaUUID(high: high, low: low)
            if !id.text.hasPrefix("-") { return id }
        }
    }

    /// Kafka's text form: URL-safe Base64 without padding, 22 characters.
    package var text: String {
        var out = [UInt8]()
        let alphabet = Self.alphabet
        for group in stride(from: 0, to: 126, by: 6) { out.append(alphabet[bits(at: group)]) }
        // 128 bits leave 2 for the last character, which come first in it.
        out.append(alphabet[Int(low & 0b11) << 4])
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads Kafka's text form.
    package init?(text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 22 else { return nil }
        var value: (high: UInt64, low: UInt64) = (0, 0)
        for (index, character) in characters.enumerated() {
            guard let digit = Self.alphabet.firstIndex(of: character) else { return nil }
            let bits = index == 21 ? 2 : 6
            guard index < 21 || digit & 0b1111 == 0 else { return nil }
            let part = UInt64(index == 21 ? digit >> 4 : digit)
            value.high = value.high << UInt64(bits) | value.low >> UInt64(64 - bits)
            value.low = value.low << UInt64(bits) | part
        }
        self.init(high: value.high, low: value.low)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private func bits(at position: Int) -> Int {
        let shift = 128 - 6 - position
        if shift >= 64 { return Int(high >> UInt64(shift - 64) & 63) }
        if shift > 58 { return Int((high << UInt64(64 - shift) | low >> UInt64(shift)) & 63) }
        return Int(low >> UInt64(shift) & 63)
    }
}
