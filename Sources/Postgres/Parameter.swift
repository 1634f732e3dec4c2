/// A value sent in place of `$1`, `$2`, … of a statement.
package enum Parameter: Sendable, Equatable {
    case null
    case bool(Bool)
    case int4(Int32)
    case int8(Int64)
    case float8(Double)
    case text(String)
    case bytes([UInt8])
    /// Microseconds since 1970-01-01 UTC.
    case timestamptz(microseconds: Int64)
    /// Decimal digits with an optional sign and point.
    case numeric(String)
    /// JSON text.
    case jsonb(String)
    /// The 36 characters of a UUID.
    case uuid(String)
    /// Text whose type the server works out from the statement.
    case untyped(String)
}

extension Parameter: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral,
    ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .int8(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension Parameter {
    /// The type's object id in every PostgreSQL; 0 lets the server decide.
    var typeOID: UInt32 {
        switch self {
        case .null, .untyped: 0
        case .bool: 16
        case .bytes: 17
        case .int8: 20
        case .int4: 23
        case .text: 25
        case .float8: 701
        case .timestamptz: 1184
        case .numeric: 1700
        case .uuid: 2950
        case .jsonb: 3802
        }
    }

    /// The value in the server's binary form, or nil for null.
    func encoded() throws(PostgresError) -> [UInt8]? {
        var bytes: [UInt8] = []
        switch self {
        case .null: return nil
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .int4(let value): bytes.append(bigEndian: value)
        case .int8(let value): bytes.append(bigEndian: value)
        case .float8(let value): bytes.append(bigEndian: value.bitPattern)
        case .text(let value): bytes.append(contentsOf: value.utf8)
        case .bytes(let value): bytes = value
        case .timestamptz(let microseconds): bytes.append(bigEndian: try BinaryForm.timestamp(microseconds))
        case .numeric(let value): try BinaryForm.appendNumeric(value, to: &bytes)
        case .uuid(let value): try BinaryForm.appendUUID(value, to: &bytes)
        case .jsonb(let value):
            bytes.append(1)
            bytes.append(contentsOf: value.utf8)
        case .untyped(let value):
            // Goes in text form, which ends at the first zero byte: a longer text would be cut unseen.
            guard !value.utf8.contains(0) else {
                throw PostgresError(.invalidValue, operation: "send parameter", message: "text holds a zero byte")
            }
            bytes.append(contentsOf: value.utf8)
            bytes.append(0)
        }
        return bytes
    }

    var isBinary: Bool {
        if case .untyped = self { return false }
        return true
    }
}
