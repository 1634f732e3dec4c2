/// One node of a YAML document with the place where it begins.
///
/// Scalars keep their text: what a plain `on` or `1.0` means is for the reader of a field to say.
package struct YAMLNode: Sendable {
    package indirect enum Content: Sendable {
        /// A text; `isPlain` tells an unquoted one, the only kind that can stand for a number, a truth value or null.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package let key: String
        package let keyLine: Int
        package let value: YAMLNode
    }

    package let content: Content
    /// From 1.
    package let line: Int
    /// From 1.
    package let column: Int

    /// The text of a scalar.
    package var scalar: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// Whether this is an empty or `null` plain scalar.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "null" || text == "~"
    }

    package var sequence: [YAMLNode]? {
        guard case .sequence(let nodes) = content else { return nil }
        return nodes
    }

    package var mapping: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    /// The value of a key of a mapping.
    package subscript(_ key: String) -> YAMLNode? {
        mapping?.first { $0.key == key }?.value
    }
}

/// A text that is not the YAML we read.
package struct YAMLError: Error, Equatable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: Int
    package let reason: String

    package init(file: String, line: Int, column: Int, reason: String) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
    }

    package var description: String { "\(file):\(line):\(column): \(reason)" }
}
