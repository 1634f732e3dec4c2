/// Cuts text into sentences.
package enum Sentences {
    /// A sentence longer than this many characters is cut at a space: one endless line must not fill an answer.
    private static let lengthMax = 600

    /// Sentences in order, without surrounding space; line breaks end one too.
    ///
    /// A full stop ends a sentence only before white space, so that `3.5`, `e.g.x` and host names stay whole.
    package static func split(_ text: String) -> [String] {
        var sentences: [String] = []
        var current = ""
        var length = 0
        var lastSpace: String.Index?
        func flush(_ sentence: some StringProtocol) {
            let trimmed = trim(sentence)
            if trimmed.contains(where: { $0.isLetter || $0.isNumber }) { sentences.append(trimmed) }
        }
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            if character.isNewline {
                flush(current)
                (current, length, lastSpace) = ("", 0, nil)
                continue
            }
            current.append(character)
            length += 1
            let isLast = index + 1 == characters.count
            if character.isWhitespace { lastSpace = current.index(before: current.endIndex) }
            if "。！？".contains(character)
                || (".!?".contains(character) && (isLast || characters[index + 1].isWhitespace))
            {
                if character == ".", !isLast, isAbbreviation(current) { continue }
                flush(current)
                (current, length, lastSpace) = ("", 0, nil)
            } else if length > lengthMax, let cut = lastSpace {
                flush(current[..<cut])
                current = String(current[current.index(after: cut)...])
                (length, lastSpace) = (current.count, nil)
            } else if length > 2 * lengthMax {
                flush(current)
                (current, length, lastSpace) = ("", 0, nil)
            }
        }
        flush(current)
        return sentences
    }

    private static let abbreviations: Set<Substring> = ["e.g.", "i.e.", "mr.", "mrs.", "ms.", "dr.", "vs."]

    private static func isAbbreviation(_ sentence: String) -> Bool {
        let word = sentence.lowercased().split(separator: " ").last ?? ""
        return abbreviations.contains(word)
    }

    private static func trim(_ text: some StringProtocol) -> String {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        guard let last = text[start...].lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[start...last])
    }
}
