import JSON

/// A schema, read once into what the validator walks.
struct SchemaNode: Sendable {
    enum Form: String, Sendable {
        case null, boolean, integer, number, string, array, object
    }

    struct Property: Sendable {
        let name: String
        let node: SchemaNode
        let isRequired: Bool
    }

    enum Additional: Sendable {
        case allowed
        case refused
        indirect case matching(SchemaNode)
    }

    var forms: [Form] = []
    var choices: [JSON]?
    var minLength = 0
    var maxLength = Int.max
    var minItems = 0
    var maxItems = Int.max
    var minimum = -Double.infinity
    var maximum = Double.infinity
    var exclusiveMinimum = -Double.infinity
    var exclusiveMaximum = Double.infinity
    var isDateTime = false
    var properties: [Property] = []
    /// Required names that `properties` does not describe.
    var otherRequired: [String] = []
    var additional = Additional.allowed
    /// At most one; an array only because a struct cannot hold itself.
    var items: [SchemaNode] = []

    /// Deeper schemas are a mistake, and would make the reader recurse without bound.
    private static let depthMax = 32

    init(_ schema: JSON, pointer: String = "", depth: Int = 0) throws(SchemaError) {
        guard depth <= Self.depthMax else { throw SchemaError(pointer: pointer, reason: "nested too deep") }
        guard let members = schema.members else { throw SchemaError(pointer: pointer, reason: "must be an object") }
        var required: [String] = []
        var described: [(name: String, node: SchemaNode)] = []
        for member in members {
            let place = pointer + Violation.step(member.name)
            switch member.name {
            case "required":
                guard let names = Self.strings(member.value) else { throw Self.wrong(place, "a list of strings") }
                required = names
            case "properties":
                guard let properties = member.value.members else { throw Self.wrong(place, "an object") }
                for property in properties {
                    let path = place + Violation.step(property.name)
                    described.append(
                        (name: property.name, node: try SchemaNode(property.value, pointer: path, depth: depth + 1))
                    )
                }
            case "additionalProperties":
                switch member.value {
                case .bool(let isAllowed): additional = isAllowed ? .allowed : .refused
                default: additional = .matching(try SchemaNode(member.value, pointer: place, depth: depth + 1))
                }
            case "items": items = [try SchemaNode(member.value, pointer: place, depth: depth + 1)]
            default: try readPlain(member.name, member.value, place)
            }
        }
        properties = described.map { Property(name: $0.name, node: $0.node, isRequired: required.contains($0.name)) }
        otherRequired = required.filter { name in !described.contains { $0.name == name } }
    }

    private mutating func readPlain(_ name: String, _ value: JSON, _ place: String) throws(SchemaError) {
        switch name {
        case "$schema":
            guard value.string == "https://json-schema.org/draft/2020-12/schema" else {
                throw Self.wrong(place, "JSON Schema 2020-12")
            }
        case "$id", "title", "description", "$comment":
            guard value.string != nil else { throw Self.wrong(place, "a string") }
        case "default", "examples", "deprecated": break
        case let extra where extra.hasPrefix("x-"): break
        case "type":
            guard let names = value.string.map({ [$0] }) ?? Self.strings(value) else {
                throw Self.wrong(place, "a type")
            }
            for name in names {
                guard let form = Form(rawValue: name) else { throw Self.wrong(place, "a type of JSON, not \(name)") }
                forms.append(form)
            }
        case "enum":
            guard let values = value.array, !values.isEmpty else { throw Self.wrong(place, "a list") }
            choices = values
        case "const": choices = [value]
        case "format":
            guard value.string == "date-time" else { throw Self.wrong(place, "date-time, the only format checked") }
            isDateTime = true
        case "minLength": minLength = try Self.count(value, place)
        case "maxLength": maxLength = try Self.count(value, place)
        case "minItems": minItems = try Self.count(value, place)
        case "maxItems": maxItems = try Self.count(value, place)
        case "minimum": minimum = try Self.number(value, place)
        case "maximum": maximum = try Self.number(value, place)
        case "exclusiveMinimum": exclusiveMinimum = try Self.number(value, place)
        case "exclusiveMaximum": exclusiveMaximum = try Self.number(value, place)
        default: throw SchemaError(pointer: place, reason: "unknown keyword")
        }
    }

    private static func wrong(_ place: String, _ expected: String) -> SchemaError {
        SchemaError(pointer: place, reason: "must be \(expected)")
    }

    private static func strings(_ value: JSON) -> [String]? {
        guard let elements = value.array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }

    private static func count(_ value: JSON, _ place: String) throws(SchemaError) -> Int {
        guard let number = value.int64, number >= 0 else { throw wrong(place, "a whole number from 0") }
        return Int(number)
    }

    private static func number(_ value: JSON, _ place: String) throws(SchemaError) -> Double {
        guard let number = value.double else { throw wrong(place, "a number") }
        return number
    }
}
