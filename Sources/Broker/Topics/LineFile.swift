import Bytes

/// The text form of the broker's small files: lines of words.
///
///     soma-acls 1
///     allow User:alice read topic literal orders *
///     end 1 5a3c99f0
///
/// Bytes of a word below 0x21, above 0x7e and `%` are written as `%xx`, an empty word as `%`. The last line has the number
/// of lines and the CRC-32C of all before it, so that a file that is cut or edited by halves is seen.
struct LineFile {
    /// The first word of the file.
    let kind: String

    /// The file is not what we wrote.
    struct Damage: Error, CustomStringConvertible {
        let kind: String
        let line: Int
        let reason: String

        var description: String { "\(kind):\(line): \(reason)" }
    }

    func damage(_ line: Int, _ reason: String) -> Damage { Damage(kind: kind, line: line, reason: reason) }

    func encode(_ lines: [[String]]) -> [UInt8] {
        var text = "\(kind) 1\n"
        for line in lines { text += line.map(Self.escape).joined(separator: " ") + "\n" }
        var bytes = Array(text.utf8)
        bytes += Array("end \(lines.count) \(Self.checksum(bytes[...]))\n".utf8)
        return bytes
    }

    /// The lines between the first and the last; line `i` of them is line `i + 2` of the file.
    func decode(_ bytes: [UInt8]) throws(Damage) -> [[String]] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.first.map({ Array($0) }) == Array("\(kind) 1".utf8) else {
            throw damage(1, "does not begin with '\(kind) 1'; a newer version may have written it")
        }
        guard lines.count >= 3, lines.removeLast().isEmpty, let last = lines.last else {
            throw damage(lines.count, "the file is cut")
        }
        guard Array(last) == Array("end \(lines.count - 2) \(Self.checksum(bytes[..<last.startIndex]))".utf8) else {
            throw damage(lines.count, "number of lines or checksum do not match; the file is damaged")
        }
        var decoded: [[String]] = []
        for (index, line) in lines.enumerated().dropFirst().dropLast() {
            var words: [String] = []
            for word in line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
                guard let text = Self.unescape(word) else { throw damage(index + 1, "holds a word that is no text") }
                words.append(text)
            }
            decoded.append(words)
        }
        return decoded
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
        String(bytes.withUnsafeBytes { CRC32C.checksum($0) }, radix: 16)
    }

    private static func escape(_ value: String) -> String {
        guard !value.isEmpty else { return "%" }
        var out = ""
        for byte in value.utf8 {
            if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "%") {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
        return out
    }

    private static func unescape(_ text: ArraySlice<UInt8>) -> String? {
        if text.elementsEqual([UInt8(ascii: "%")]) { return "" }
        var out: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}
