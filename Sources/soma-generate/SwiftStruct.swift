import JSON

/// A Swift struct that mirrors an object schema.
struct SwiftStruct {
    struct Property {
        let jsonName: String
        let name: String
        let shape: Shape
        let isRequired: Bool
        let documentation: String
    }

    indirect enum Shape {
        case string, integer, number, bool, stringMap
        case object(String)
        case list(Shape)

        var swiftType: String {
            switch self {
            case .string: "String"
            case .integer: "Int64"
            case .number: "Double"
            case .bool: "Bool"
            case .stringMap: "[String: String]"
            case .object(let name): name
            case .list(let element): "[\(element.swiftType)]"
            }
        }
    }

    let name: String
    let documentation: String
    let properties: [Property]

    init(name: String, schema: JSON, file: String, nested: inout [String: SwiftStruct]) throws {
        guard let members = schema["properties"]?.members else {
            throw GeneratorError(file: file, reason: "\(name) has no properties")
        }
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        self.name = name
        documentation = schema["description"]?.string ?? name
        properties = try members.map { member in
            Property(
                jsonName: member.name,
                name: Self.camelCase(member.name),
                shape: try Self.shape(member.value, file: file, nested: &nested),
                isRequired: required.contains(member.name),
                documentation: member.value["description"]?.string ?? member.name
            )
        }
    }

    private static func shape(_ schema: JSON, file: String, nested: inout [String: SwiftStruct]) throws -> Shape {
        switch schema["type"]?.string {
        case "string": return .string
        case "integer": return .integer
        case "number": return .number
        case "boolean": return .bool
        case "array":
            guard let items = schema["items"] else { throw GeneratorError(file: file, reason: "array without items") }
            return .list(try shape(items, file: file, nested: &nested))
        case "object" where schema["properties"] == nil: return .stringMap
        case "object":
            guard let title = schema["title"]?.string else {
                throw GeneratorError(file: file, reason: "a nested object needs a title")
            }
            nested[title] = try SwiftStruct(name: title, schema: schema, file: file, nested: &nested)
            return .object(title)
        default: throw GeneratorError(file: file, reason: "type \(schema["type"]?.text ?? "missing") is not supported")
        }
    }

    private static func camelCase(_ snake: String) -> String {
        let words = snake.split(separator: "_").map(String.init)
        let tail = words.dropFirst().map { $0 == "id" ? "ID" : $0.prefix(1).uppercased() + $0.dropFirst() }
        return ([words[0]] + tail).joined()
    }

    func declaration(conformance: String, extra: String, event: String?) -> String {
        var text = "/// \(documentation)\npublic struct \(name): \(conformance) {\n" + extra
        for property in properties {
            text += "    /// \(property.documentation)\n"
            text += "    public var \(property.name): \(property.shape.swiftType)\(property.isRequired ? "" : "?")\n"
        }
        let parameters = properties.map {
            "        \($0.name): \($0.shape.swiftType)\($0.isRequired ? "" : "? = nil")"
        }
        text +=
            "\n    /// Makes a value from its parts.\n    public init(\n" + parameters.joined(separator: ",\n")
            + "\n    ) {\n"
        for property in properties { text += "        self.\(property.name) = \(property.name)\n" }
        text += "    }\n\n    /// Reads the value.\n    ///\n    /// - Throws: `EventError` that names the member.\n"
        text += "    public init(json: JSONView) throws(EventError) {\n"
        text +=
            "        let reader = MemberReader(type: \"\(event ?? name)\", json: json)\n        try reader.requireObject()\n"
        for property in properties { text += "        \(property.name) = \(Self.read(property))\n" }
        text += "    }\n\n    /// Writes the value as one object.\n    public func write(to json: inout JSONWriter) {\n"
        text += "        json.beginObject()\n"
        for property in properties { text += Self.write(property) }
        return text + "        json.endObject()\n    }\n}\n"
    }

    private static func read(_ property: Property) -> String {
        let prefix = property.isRequired ? "try reader." : "try reader.optional"
        func call(_ method: String, _ arguments: String = "") -> String {
            let name = property.isRequired ? method : method.prefix(1).uppercased() + method.dropFirst()
            return "\(prefix)\(name)(\"\(property.jsonName)\"\(arguments))"
        }
        switch property.shape {
        case .string: return call("string")
        case .integer: return call("integer")
        case .number: return call("number")
        case .bool: return call("bool")
        case .stringMap: return call("stringMap")
        case .list(.string): return call("strings")
        case .object(let name): return call("object", ", \(name).init(json:)")
        case .list(.object(let name)): return call("objects", ", \(name).init(json:)")
        case .list: return call("strings")
        }
    }

    private static func write(_ property: Property) -> String {
        func value(_ expression: String, _ indent: String) -> String {
            switch property.shape {
            case .string: "\(indent)json.string(\(expression))\n"
            case .integer: "\(indent)json.integer(\(expression))\n"
            case .number: "\(indent)json.number(\(expression))\n"
            case .bool: "\(indent)json.bool(\(expression))\n"
            case .stringMap: "\(indent)json.stringMap(\(expression))\n"
            case .object: "\(indent)\(expression).write(to: &json)\n"
            case .list(.object):
                "\(indent)json.beginArray()\n\(indent)for element in \(expression) { element.write(to: &json) }\n"
                    + "\(indent)json.endArray()\n"
            case .list:
                "\(indent)json.beginArray()\n\(indent)for element in \(expression) { json.string(element) }\n"
                    + "\(indent)json.endArray()\n"
            }
        }
        if property.isRequired {
            return "        json.name(\"\(property.jsonName)\")\n" + value(property.name, "        ")
        }
        return "        if let \(property.name) {\n            json.name(\"\(property.jsonName)\")\n"
            + value(property.name, "            ") + "        }\n"
    }
}
