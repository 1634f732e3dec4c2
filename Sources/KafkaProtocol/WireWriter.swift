package import Bytes

/// Writes the fields of one Kafka message; the counterpart of `WireReader`.
package struct WireWriter: ~Copyable {
    /// Where bytes that live elsewhere belong: before the byte at `position` of what was written.
    package struct Splice: Sendable, Equatable {
        package let position: Int
        /// Which of the sender's record sets; of a slice, where it begins in the frame that was read.
        package let index: Int
        package let byteCount: Int
    }

    package var output: ByteWriter
    package let isFlexible: Bool
    package private(set) var splices: [Splice] = []

    package init(isFlexible: Bool, capacity: Int = 256) {
        output = ByteWriter(capacity: capacity)
        self.isFlexible = isFlexible
    }

    /// Gives the bytes away; note the splices before.
    package consuming func finish() -> SharedBytes { output.finish() }

    package mutating func int8(_ value: Int8) { output.writeInt8(value) }
    package mutating func int16(_ value: Int16) { output.writeInt16(value) }
    package mutating func uint16(_ value: UInt16) { output.writeUInt16(value) }
    package mutating func int32(_ value: Int32) { output.writeInt32(value) }
    package mutating func int64(_ value: Int64) { output.writeInt64(value) }
    package mutating func float64(_ value: Double) { output.writeFloat64(value) }
    package mutating func bool(_ value: Bool) { output.writeInt8(value ? 1 : 0) }
    package mutating func errorCode(_ value: ErrorCode) { output.writeInt16(value.rawValue) }

    package mutating func uuid(_ value: KafkaUUID) {
        output.writeUInt64(value.high)
        output.writeUInt64(value.low)
    }

    package mutating func string(_ value: String) { nullableString(value) }

    /// Writes a text; what does not fit the 16-bit length of the old form is cut at a character boundary.
    package mutating func nullableString(_ value: String?) {
        guard var value else {
            if isFlexible { output.writeUnsignedVarint(0) } else { output.writeInt16(-1) }
            return
        }
        if isFlexible {
            compactLength(value.utf8.count)
        } else {
            while value.utf8.count > Int(Int16.max) { value.removeLast(max(1, (value.utf8.count - 32_767) / 4)) }
            output.writeInt16(Int16(value.utf8.count))
        }
        output.writeUTF8(value)
    }

    package mutating func bytes(_ value: [UInt8]) { nullableBytes(value) }

    package mutating func nullableBytes(_ value: [UInt8]?) {
        length(value?.count)
        if let value { output.writeBytes(value) }
    }

    /// Writes the length of a record set and notes the splice; a null set is written as an empty one, which every
    /// client takes.
    package mutating func records(_ value: RecordSet) {
        length(value.byteCount)
        switch value {
        case .none: break
        case .slice(let range):
            splices.append(Splice(position: output.count, index: range.lowerBound, byteCount: range.count))
        case .external(let index, let byteCount):
            if byteCount > 0 { splices.append(Splice(position: output.count, index: index, byteCount: byteCount)) }
        }
    }

    package mutating func array<Element: WireStruct>(_ value: [Element], _ version: Int16) {
        length(value.count)
        for element in value { element.write(to: &self, version: version) }
    }

    package mutating func nullableArray<Element: WireStruct>(_ value: [Element]?, _ version: Int16) {
        guard let value else { return length(nil) }
        array(value, version)
    }

    /// A struct that may be absent, which a byte before it tells.
    package mutating func nullableStruct<Value: WireStruct>(_ value: Value?, _ version: Int16) {
        int8(value == nil ? -1 : 1)
        value?.write(to: &self, version: version)
    }

    package mutating func strings(_ value: [String]) { nullableStrings(value) }

    package mutating func nullableStrings(_ value: [String]?) {
        length(value?.count)
        for element in value ?? [] { string(element) }
    }

    package mutating func int8s(_ value: [Int8]) { integers(value) }
    package mutating func int32s(_ value: [Int32]) { integers(value) }
    package mutating func int64s(_ value: [Int64]) { integers(value) }

    package mutating func nullableInt32s(_ value: [Int32]?) {
        guard let value else { return length(nil) }
        integers(value)
    }

    package mutating func emptyTaggedFields() {
        if isFlexible { output.writeUnsignedVarint(0) }
    }

    private mutating func integers<T: FixedWidthInteger & BitwiseCopyable>(_ value: [T]) {
        length(value.count)
        for element in value { output.write(element) }
    }

    private mutating func length(_ count: Int?) {
        if isFlexible {
            if let count { compactLength(count) } else { output.writeUnsignedVarint(0) }
        } else {
            output.writeInt32(count.map { Int32(clamping: $0) } ?? -1)
        }
    }

    private mutating func compactLength(_ count: Int) { output.writeUnsignedVarint(UInt32(clamping: count + 1)) }
}
