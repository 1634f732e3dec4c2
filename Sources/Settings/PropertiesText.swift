/// Java's properties syntax, in which Kafka's `server.properties` is written.
package enum PropertiesText {
    package struct Entry: Equatable, Sendable {
        package let key: String
        /// Without blanks around it, as Kafka reads all its values.
        package let value: String
        /// Where it begins; the first line is 1.
        package let line: Int
    }

    /// A line that cannot be read.
    package struct Problem: Error, Equatable {
        package let line: Int
        package let reason: String
    }

    /// Reads a file's text: `key=value`, `key: value` or `key value` in each line; `#` and `!` begin a comment; a
    /// backslash at the end goes on in the next line, elsewhere it takes away a character's meaning.
    ///
    /// - Throws: `Problem` for a `\u` without four hexadecimal digits and for a value without a key.
    package static func read(_ text: String) throws(Problem) -> [Entry] {
        var entries: [Entry] = []
        // Scalars: for Swift, "\r\n" is one character that is no newline.
        let lines = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
        var index = 0
        while index < lines.count {
            let first = index + 1
            var line = content(lines[index])
            index += 1
            if line.isEmpty || line.first == "#" || line.first == "!" { continue }
            while endsInBackslash(line) {
                line.removeLast()
                guard index < lines.count else { break }
                line += content(lines[index])
                index += 1
            }
            entries.append(try entry(line, at: first))
        }
        return entries
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{c}" || scalar == "\r"
    }

    /// A line without the blanks before it and the carriage return behind it.
    private static func content(_ line: Substring.UnicodeScalarView) -> [Unicode.Scalar] {
        var scalars = Array(line.drop(while: isBlank))
        if scalars.last == "\r" { scalars.removeLast() }
        return scalars
    }

    private static func endsInBackslash(_ line: [Unicode.Scalar]) -> Bool {
        !line.reversed().prefix { $0 == "\\" }.count.isMultiple(of: 2)
    }

    private static func entry(_ line: [Unicode.Scalar], at number: Int) throws(Problem) -> Entry {
        var end = 0
        while end < line.count, !isBlank(line[end]), line[end] != "=", line[end] != ":" {
            end += line[end] == "\\" ? 2 : 1
        }
        end = min(end, line.count)
        guard end > 0 else { throw Problem(line: number, reason: "there is no key before the value") }
        var start = end
        while start < line.count, isBlank(line[start]) { start += 1 }
        if start < line.count, line[start] == "=" || line[start] == ":" { start += 1 }
        while start < line.count, isBlank(line[start]) { start += 1 }
        var stop = line.count
        while stop > start, isBlank(line[stop - 1]) { stop -= 1 }
        return Entry(
            key: try plain(line[..<end], at: number),
            value: try plain(line[start..<stop], at: number),
            line: number
        )
    }

    /// The text with what backslashes stand for.
    private static func plain(_ scalars: ArraySlice<Unicode.Scalar>, at line: Int) throws(Problem) -> String {
        var units: [UInt16] = []
        var rest = scalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let escaped = rest.popFirst() else {
                units.append(contentsOf: String(scalar).utf16)
                continue
            }
            switch escaped {
            case "n": units.append(10)
            case "r": units.append(13)
            case "t": units.append(9)
            case "f": units.append(12)
            case "u":
                let digits = String(String.UnicodeScalarView(rest.prefix(4)))
                guard digits.utf8.count == 4, let unit = UInt16(digits, radix: 16) else {
                    throw Problem(line: line, reason: "\\u needs four hexadecimal digits, not '\(digits)'")
                }
                // Characters beyond 16 bits are written as two of these.
                units.append(unit)
                rest = rest.dropFirst(4)
            default: units.append(contentsOf: String(escaped).utf16)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}
