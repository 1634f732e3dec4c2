import CSimdJSON

/// A borrowed place in a parsed document; valid only inside the closure that was given it.
///
/// Reading copies nothing until a `String` or a `JSON` tree is asked for.
public struct JSONView {
    let value: sj_value

    /// What a JSON value can be; integers that fit 64 bits are told from other numbers.
    public enum Kind: Sendable {
        /// `null`
        case null
        /// `true` or `false`
        case bool
        /// A whole number that fits `Int64`.
        case integer
        /// Any other number.
        case number
        /// A text.
        case string
        /// A list.
        case array
        /// Members by name.
        case object
    }

    /// Parses bytes and hands the root to a closure.
    ///
    /// UTF-8 is checked; nesting deeper than 128 and documents above 64 MiB are refused.
    ///
    /// - Parameters:
    ///   - bytes: One whole document.
    ///   - body: Called once, on the same thread; the view must not leave it.
    /// - Returns: What the closure returns.
    /// - Throws: `JSONError` when the bytes are no JSON, or what the closure throws.
    /// - Complexity: O(bytes); no allocation after the first documents of a thread.
    public static func parse<Result>(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (JSONView) throws -> Result
    ) throws -> Result {
        let parser = sj_take()
        defer { sj_give_back(parser) }
        var root = sj_value()
        let code = sj_parse(parser, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &root)
        guard code == 0 else { throw JSONError(String(cString: sj_error_text(code))) }
        return try body(JSONView(value: root))
    }

    /// Parses an array of bytes and hands the root to a closure; see the other form.
    public static func parse<Result>(_ bytes: [UInt8], _ body: (JSONView) throws -> Result) throws -> Result {
        try bytes.withUnsafeBytes { try parse($0, body) }
    }

    /// What this value is.
    public var kind: Kind {
        switch UInt8(truncatingIfNeeded: sj_kind(value)) {
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "l"): .integer
        case UInt8(ascii: "u"), UInt8(ascii: "d"): .number
        case UInt8(ascii: "t"): .bool
        default: .null
        }
    }

    /// Whether this is `null`.
    public var isNull: Bool { kind == .null }

    /// The text, when this is a string.
    public var string: String? {
        withStringBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Lends the UTF-8 of a string; nil when this is none.
    public func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        var start: UnsafePointer<CChar>?
        var count = 0
        guard sj_string(value, &start, &count) == 1 else { return nil }
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The whole number, when this is one that fits 64 bits.
    public var int64: Int64? { kind == .integer ? sj_int64(value) : nil }

    /// The number, when this is one.
    public var double: Double? {
        switch kind {
        case .integer, .number: sj_double(value)
        default: nil
        }
    }

    /// The truth value, when this is one.
    public var bool: Bool? {
        kind == .bool ? sj_bool(value) == 1 : nil
    }

    /// The first member with that name, when this is an object that has it.
    ///
    /// - Complexity: O(members).
    public subscript(_ name: StaticString) -> JSONView? {
        var found = sj_value()
        let hit = name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { sj_member(value, $0.baseAddress, $0.count, &found) }
        }
        return hit == 1 ? JSONView(value: found) : nil
    }

    /// The first member with a name known only at run time.
    public subscript(name name: String) -> JSONView? {
        var name = name
        var found = sj_value()
        let hit = name.withUTF8 { buffer in
            buffer.withMemoryRebound(to: CChar.self) { sj_member(value, $0.baseAddress, $0.count, &found) }
        }
        return hit == 1 ? JSONView(value: found) : nil
    }

    /// The number of elements or members; 0 for other values.
    public var count: Int { sj_count(value) }

    /// Walks the elements of an array in order; does nothing for other values.
    public func forEachElement(_ body: (JSONView) throws -> Void) rethrows {
        var cursor = sj_cursor()
        guard sj_array_start(value, &cursor) == 1 else { return }
        var element = sj_value()
        while sj_array_next(&cursor, &element) == 1 { try body(JSONView(value: element)) }
    }

    /// Walks the members of an object in the order of the text; does nothing for other values.
    public func forEachMember(_ body: (String, JSONView) throws -> Void) rethrows {
        var cursor = sj_cursor()
        guard sj_object_start(value, &cursor) == 1 else { return }
        var name: UnsafePointer<CChar>?
        var count = 0
        var member = sj_value()
        while sj_object_next(&cursor, &name, &count, &member) == 1 {
            let bytes = UnsafeRawBufferPointer(start: name, count: count)
            try body(String(decoding: bytes, as: UTF8.self), JSONView(value: member))
        }
    }

    /// An owned copy of this value and all below it.
    public var tree: JSON {
        switch kind {
        case .null: return .null
        case .bool: return .bool(bool ?? false)
        case .integer: return .integer(sj_int64(value))
        case .number: return .number(sj_double(value))
        case .string: return .string(string ?? "")
        case .array:
            var elements: [JSON] = []
            elements.reserveCapacity(count)
            forEachElement { elements.append($0.tree) }
            return .array(elements)
        case .object:
            var members: [JSON.Member] = []
            members.reserveCapacity(count)
            forEachMember { members.append(JSON.Member($0, $1.tree)) }
            return .object(members)
        }
    }
}
