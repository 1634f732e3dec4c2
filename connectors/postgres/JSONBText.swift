/// JSON as PostgreSQL takes it: `jsonb` and `text` have no zero character, so it becomes U+FFFD.
enum JSONBText {
    private static let escaped = Array("\\u0000".utf8)
    private static let replacement = Array("\\ufffd".utf8)

    /// Replaces each escape of the zero character; the bytes must be valid JSON.
    static func sanitized(_ json: UnsafeRawBufferPointer) -> [UInt8] {
        guard mayHold(json) else { return Array(json) }
        var out: [UInt8] = []
        out.reserveCapacity(json.count)
        var index = 0
        while index < json.count {
            guard json[index] == UInt8(ascii: "\\"), index + 1 < json.count else {
                out.append(json[index])
                index += 1
                continue
            }
            if index + 6 <= json.count, json[index..<index + 6].elementsEqual(escaped) {
                out += replacement
                index += 6
            } else {
                // An escape of two characters at least: `\\` must not lend its second half to what follows.
                out += json[index..<index + 2]
                index += 2
            }
        }
        return out
    }

    /// Replaces zero characters.
    static func sanitized(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 }))
    }

    private static func mayHold(_ json: UnsafeRawBufferPointer) -> Bool {
        guard json.count >= 6 else { return false }
        for index in 0...json.count - 6 where json[index] == UInt8(ascii: "\\") {
            if json[index..<index + 6].elementsEqual(escaped) { return true }
        }
        return false
    }
}
