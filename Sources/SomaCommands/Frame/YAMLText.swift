import JSON

/// Writes a JSON value as YAML, in block form.
enum YAMLText {
    static func text(_ value: JSON) -> String {
        var text = ""
        write(value, indent: 0, into: &text)
        return text
    }

    private static func write(_ value: JSON, indent: Int, into text: inout String) {
        let space = String(repeating: "  ", count: indent)
        switch value {
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                if isBlock(element) {
                    var inner = ""
                    write(element, indent: indent + 1, into: &inner)
                    // The first line of the element stands behind its dash.
                    text += space + "- " + inner.dropFirst(2 * (indent + 1))
                } else {
                    text += space + "- " + scalar(element) + "\n"
                }
            }
        case .object(let members) where !members.isEmpty:
            for member in members {
                text += space + key(member.name) + ":"
                if isBlock(member.value) {
                    text += "\n"
                    write(member.value, indent: indent + 1, into: &text)
                } else {
                    text += " " + scalar(member.value) + "\n"
                }
            }
        default: text += space + scalar(value) + "\n"
        }
    }

    private static func isBlock(_ value: JSON) -> Bool {
        switch value {
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        default: false
        }
    }

    /// JSON scalars, `[]` and `{}` are YAML as they are.
    private static func scalar(_ value: JSON) -> String { value.text }

    private static func key(_ name: String) -> String {
        let isPlain =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
                    || byte == 45
            }
        // Words that YAML reads as something else than text, and numbers, are quoted.
        let isWord = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(name.lowercased())
        return isPlain && !isWord && name.first?.isLetter == true ? name : JSON.string(name).text
    }
}
