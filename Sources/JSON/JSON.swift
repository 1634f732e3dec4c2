/// An owned JSON value; members keep the order they were written in.
///
/// For control paths: settings, requests, command output. Data paths use `JSONView` and `JSONWriter`.
public indirect enum JSON: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSON])
    /// Members in order.
    case object([Member])

    /// One named value of an object.
    public struct Member: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: JSON

        /// Makes a member.
        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// Parses a whole document.
    ///
    /// - Throws: `JSONError` when the bytes are no JSON.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
        do {
            return try JSONView.parse(bytes) { $0.tree }
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError("\(error)")
        }
    }

    /// Parses a text; see the other form.
    public static func parse(_ text: String) throws(JSONError) -> JSON {
        try parse(Array(text.utf8))
    }

    /// The first member with that name, when this is an object that has it.
    public subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text, when this is a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number, when this is one.
    public var int64: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The number, when this is one.
    public var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// The truth value, when this is one.
    public var bool: Bool? {
        guard case .bool(let truth) = self else { return nil }
        return truth
    }

    /// The elements, when this is a list.
    public var array: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members, when this is an object.
    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The text of this value on one line.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The UTF-8 of this value on one line.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// The text of this value over several lines, indented by two spaces.
    public var prettyText: String {
        var output = ""
        Self.writePretty(self, indent: 0, into: &output)
        return output
    }

    private static func writePretty(_ value: JSON, indent: Int, into output: inout String) {
        let inner = String(repeating: "  ", count: indent + 1)
        let outer = String(repeating: "  ", count: indent)
        switch value {
        case .array(let elements) where !elements.isEmpty:
            output += "[\n"
            for (index, element) in elements.enumerated() {
                output += inner
                writePretty(element, indent: indent + 1, into: &output)
                output += index + 1 < elements.count ? ",\n" : "\n"
            }
            output += outer + "]"
        case .object(let members) where !members.isEmpty:
            output += "{\n"
            for (index, member) in members.enumerated() {
                output += inner + JSON.string(member.name).text + ": "
                writePretty(member.value, indent: indent + 1, into: &output)
                output += index + 1 < members.count ? ",\n" : "\n"
            }
            output += outer + "}"
        default:
            output += value.text
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A list.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object; members keep the order of the literal.
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0, $1) }) }
    /// The null value.
    public init(nilLiteral: ()) { self = .null }
}
