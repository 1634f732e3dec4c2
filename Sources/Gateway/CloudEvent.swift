import Events
import JSON
import Schemas

/// A CloudEvent as HTTP brought it, its attributes not yet judged.
struct CloudEvent {
    /// Context attributes by name; binary mode has texts only.
    var attributes: [(name: String, value: JSON)] = []

    func text(_ name: String) -> String? { attributes.first { $0.name == name }?.value.string }
    func has(_ name: String) -> Bool { attributes.contains { $0.name == name } }

    /// What is wrong with the envelope, as CloudEvents 1.0 wants it.
    func violations() -> [Violation] {
        var found: [Violation] = []
        func add(_ name: String, _ reason: String) {
            found.append(Violation(pointer: Violation.step(name), reason: reason))
        }
        for name in ["specversion", "id", "source", "type"] {
            if !has(name) {
                add(name, "is missing")
            } else if (text(name) ?? "").isEmpty {
                add(name, "must be a string that is not empty")
            }
        }
        if let version = text("specversion"), version != "1.0", !version.isEmpty {
            add("specversion", "must be \"1.0\"")
        }
        for name in ["id", "type", "subject"] {
            if let value = text(name), value.utf8.count > 256 || value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            {
                add(name, "must have at most 256 bytes and no control characters")
            }
        }
        for name in ["source", "dataschema"] {
            if let value = text(name), !value.isEmpty, !Self.isURIReference(value) {
                add(name, "must be a URI reference")
            }
        }
        if has("time"), text("time").flatMap({ EventTime.milliseconds($0) }) == nil {
            add("time", "must be an RFC 3339 time")
        }
        if has("subject"), (text("subject") ?? "").isEmpty { add("subject", "must be a string that is not empty") }
        if has("datacontenttype"), !Self.isJSON(text("datacontenttype") ?? "") {
            add("datacontenttype", "must be application/json: contracts are for JSON data")
        }
        for (name, value) in attributes where !Self.isKnown(name) {
            if !Self.isExtensionName(name) { add(name, "extension names are 1 to 20 of a-z and 0-9") }
            switch value {
            case .string(let text) where text.utf8.count <= 1024: break
            case .bool, .integer: break
            default: add(name, "extensions are short strings, whole numbers or true and false")
            }
        }
        return found
    }

    static func isKnown(_ name: String) -> Bool {
        switch name {
        case "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema": true
        default: false
        }
    }

    static func isJSON(_ type: String) -> Bool {
        let bare = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return bare == "application/json" || bare.hasSuffix("+json")
    }

    private static func isExtensionName(_ name: String) -> Bool {
        (1...20).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }

    /// Enough of RFC 3986 to keep spaces, quotes and control characters out.
    private static func isURIReference(_ text: String) -> Bool {
        text.utf8.count <= 1024
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0...0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
                    UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
                    false
                default: true
                }
            }
    }
}
