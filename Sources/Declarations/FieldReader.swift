import YAML

/// Reads the fields of a mapping, names what is wrong with file and line, and refuses keys that nobody asked for.
struct FieldReader {
    let file: String
    let path: String
    private let node: YAMLNode
    private let entries: [YAMLNode.Entry]

    init(_ node: YAMLNode, file: String, path: String) throws(YAMLError) {
        self.file = file
        self.path = path
        self.node = node
        guard let entries = node.mapping else {
            throw YAMLError(file: file, line: node.line, column: node.column, reason: "\(path) must be a mapping")
        }
        self.entries = entries
    }

    func fail(_ node: YAMLNode, _ reason: String) -> YAMLError {
        YAMLError(file: file, line: node.line, column: node.column, reason: reason)
    }

    /// Throws when the mapping has a key that is not listed.
    func allow(_ keys: [String]) throws(YAMLError) {
        for entry in entries where !keys.contains(entry.key) {
            let nearest = Spelling.nearest(to: entry.key, among: keys).map { "; did you mean \($0)?" } ?? ""
            throw YAMLError(
                file: file,
                line: entry.keyLine,
                column: node.column,
                reason: "\(path) has no field \(entry.key)\(nearest)"
            )
        }
    }

    func optional(_ key: String) -> YAMLNode? {
        guard let value = entries.first(where: { $0.key == key })?.value, !value.isNull else { return nil }
        return value
    }

    func required(_ key: String) throws(YAMLError) -> YAMLNode {
        guard let value = optional(key) else { throw fail(node, "\(path).\(key) is missing") }
        return value
    }

    func string(_ key: String) throws(YAMLError) -> String { try text(try required(key), key) }

    func optionalString(_ key: String) throws(YAMLError) -> String? {
        guard let value = optional(key) else { return nil }
        return try text(value, key)
    }

    private func text(_ value: YAMLNode, _ key: String) throws(YAMLError) -> String {
        guard let text = value.scalar else { throw fail(value, "\(path).\(key) must be a text") }
        return text
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        let value = try required(key)
        guard let text = value.scalar, let number = Int(text) else {
            throw fail(value, "\(path).\(key) must be a whole number")
        }
        guard range.contains(number) else {
            throw fail(value, "\(path).\(key) is \(number), must be \(range.lowerBound)…\(range.upperBound)")
        }
        return number
    }

    func optionalInteger(_ key: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int? {
        optional(key) == nil ? nil : try integer(key, in: range)
    }

    /// The scalars of a mapping, in the order of the file.
    func scalars(_ key: String) throws(YAMLError) -> [(key: String, value: String)] {
        guard let value = optional(key) else { return [] }
        guard let inner = value.mapping else { throw fail(value, "\(path).\(key) must be a mapping") }
        var pairs: [(key: String, value: String)] = []
        for entry in inner {
            if let text = entry.value.scalar {
                pairs.append((entry.key, text))
            } else if let list = entry.value.sequence {
                pairs.append((entry.key, list.compactMap(\.scalar).joined(separator: ",")))
            } else {
                throw fail(entry.value, "\(path).\(key).\(entry.key) must be a text or a list of texts")
            }
        }
        return pairs
    }

    /// A list of texts; a single text counts as a list of one.
    func strings(_ key: String) throws(YAMLError) -> [String] {
        guard let value = optional(key) else { return [] }
        if let text = value.scalar { return [text] }
        guard let list = value.sequence else { throw fail(value, "\(path).\(key) must be a list of texts") }
        var texts: [String] = []
        for element in list {
            guard let text = element.scalar else { throw fail(element, "\(path).\(key) must be a list of texts") }
            texts.append(text)
        }
        return texts
    }
}

/// Finds the known word that a mistyped one was probably meant to be.
package enum Spelling {
    /// The nearest of some words by edit distance; nil when none is near.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let limit = max(1, word.count / 3)
        let scored = words.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
        return best.distance <= limit ? best.word : nil
    }

    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<right.count {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (character == right[j] ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
