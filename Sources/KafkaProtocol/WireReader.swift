package import Bytes

/// Reads the fields of one Kafka message; knows whether lengths are compact and tagged fields follow.
///
/// Borrows the frame's bytes like the `ByteReader` inside it. Counts all array elements of a message against a budget, so
/// that a small frame cannot make a large heap.
package struct WireReader {
    /// Elements that all arrays of a message may have together; a metadata or commit request of a large client has some
    /// ten thousand.
    package static let elementsMax = 1 << 20

    package var cursor: ByteReader
    package let isFlexible: Bool
    private var elementsLeft = Self.elementsMax

    package init(_ bytes: ByteReader, isFlexible: Bool) {
        cursor = bytes
        self.isFlexible = isFlexible
    }

    package mutating func int8() throws(ByteError) -> Int8 { try cursor.readInt8() }
    package mutating func int16() throws(ByteError) -> Int16 { try cursor.readInt16() }
    package mutating func uint16() throws(ByteError) -> UInt16 { try cursor.readUInt16() }
    package mutating func int32() throws(ByteError) -> Int32 { try cursor.readInt32() }
    package mutating func int64() throws(ByteError) -> Int64 { try cursor.readInt64() }
    package mutating func float64() throws(ByteError) -> Double { try cursor.readFloat64() }
    package mutating func bool() throws(ByteError) -> Bool { try cursor.readInt8() != 0 }
    package mutating func errorCode() throws(ByteError) -> ErrorCode { ErrorCode(rawValue: try cursor.readInt16()) }

    package mutating func uuid() throws(ByteError) -> KafkaUUID {
        let high = try cursor.readUInt64()
        return KafkaUUID(high: high, low: try cursor.readUInt64())
    }

    package mutating func string() throws(ByteError) -> String {
        guard let text = try nullableString() else { throw .negativeLength(-1) }
        return text
    }

    package mutating func nullableString() throws(ByteError) -> String? {
        let length = isFlexible ? try compactLength() : Int(try cursor.readInt16())
        return length == -1 ? nil : try cursor.readString(length)
    }

    package mutating func bytes() throws(ByteError) -> [UInt8] {
        guard let value = try nullableBytes() else { throw .negativeLength(-1) }
        return value
    }

    package mutating func nullableBytes() throws(ByteError) -> [UInt8]? {
        let length = try length()
        return length == -1 ? nil : Array(try cursor.readBytes(length))
    }

    /// The place of a record set; null and empty are the same to Kafka.
    package mutating func records() throws(ByteError) -> RecordSet {
        let length = try length()
        guard length > 0 else {
            guard length >= -1 else { throw .negativeLength(length) }
            return .none
        }
        let start = cursor.position
        try cursor.skip(length)
        return .slice(start..<(start + length))
    }

    package mutating func array<Element: WireStruct>(
        of type: Element.Type,
        _ version: Int16
    ) throws(ByteError) -> [Element] {
        guard let value = try nullableArray(of: type, version) else { throw .negativeLength(-1) }
        return value
    }

    package mutating func nullableArray<Element: WireStruct>(
        of type: Element.Type,
        _ version: Int16
    ) throws(ByteError) -> [Element]? {
        guard let count = try elementCount(atLeastBytes: 1) else { return nil }
        var elements = [Element]()
        elements.reserveCapacity(min(count, 1024))
        for _ in 0..<count { elements.append(try Element(from: &self, version: version)) }
        return elements
    }

    /// A struct that may be absent, which a byte before it tells.
    package mutating func nullableStruct<Value: WireStruct>(
        of type: Value.Type,
        _ version: Int16
    ) throws(ByteError) -> Value? {
        try int8() < 0 ? nil : try Value(from: &self, version: version)
    }

    package mutating func strings() throws(ByteError) -> [String] {
        guard let value = try nullableStrings() else { throw .negativeLength(-1) }
        return value
    }

    package mutating func nullableStrings() throws(ByteError) -> [String]? {
        guard let count = try elementCount(atLeastBytes: 1) else { return nil }
        var elements = [String]()
        elements.reserveCapacity(min(count, 1024))
        for _ in 0..<count { elements.append(try string()) }
        return elements
    }

    package mutating func int8s() throws(ByteError) -> [Int8] { try integers(Int8.self) ?? [] }
    package mutating func int32s() throws(ByteError) -> [Int32] { try integers(Int32.self) ?? [] }
    package mutating func int64s() throws(ByteError) -> [Int64] { try integers(Int64.self) ?? [] }
    package mutating func nullableInt32s() throws(ByteError) -> [Int32]? { try integers(Int32.self) }

    /// A walk through a tagged-field section.
    package struct TaggedFields {
        fileprivate var left: UInt32
        fileprivate var size = 0
        fileprivate var fieldEnd = 0
    }

    package mutating func taggedFields() throws(ByteError) -> TaggedFields {
        guard isFlexible else { return TaggedFields(left: 0) }
        return TaggedFields(left: try cursor.readUnsignedVarint())
    }

    /// The next tag, or nil at the end of the section.
    ///
    /// The field that follows must be read whole or skipped.
    package mutating func nextTag(_ fields: inout TaggedFields) throws(ByteError) -> UInt32? {
        // A known field that was shorter or longer than it said would shift all that follows.
        guard fields.fieldEnd == 0 || fields.fieldEnd == cursor.position else {
            throw .truncated(needed: cursor.position, available: fields.fieldEnd)
        }
        guard fields.left > 0 else { return nil }
        fields.left -= 1
        let tag = try cursor.readUnsignedVarint()
        fields.size = Int(try cursor.readUnsignedVarint())
        fields.fieldEnd = cursor.position + fields.size
        return tag
    }

    /// Skips the field whose tag was just read.
    package mutating func skipTag(_ fields: TaggedFields) throws(ByteError) { try cursor.skip(fields.size) }

    package mutating func skipTaggedFields() throws(ByteError) {
        var fields = try taggedFields()
        while try nextTag(&fields) != nil { try skipTag(fields) }
    }

    private mutating func integers<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(ByteError) -> [T]? {
        guard let count = try elementCount(atLeastBytes: MemoryLayout<T>.size) else { return nil }
        var elements = [T]()
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try cursor.read(T.self)) }
        return elements
    }

    /// A count that the bytes left and the budget can bear; nil for a null array.
    private mutating func elementCount(atLeastBytes size: Int) throws(ByteError) -> Int? {
        let count = try length()
        guard count >= 0 else {
            guard count == -1 else { throw .negativeLength(count) }
            return nil
        }
        guard count <= cursor.remaining / size else { throw .truncated(needed: count, available: cursor.remaining) }
        guard count <= elementsLeft else { throw .truncated(needed: count, available: elementsLeft) }
        elementsLeft -= count
        return count
    }

    private mutating func length() throws(ByteError) -> Int {
        isFlexible ? try compactLength() : Int(try cursor.readInt32())
    }

    /// Compact lengths are stored plus one; zero is null.
    private mutating func compactLength() throws(ByteError) -> Int { Int(try cursor.readUnsignedVarint()) - 1 }
}
