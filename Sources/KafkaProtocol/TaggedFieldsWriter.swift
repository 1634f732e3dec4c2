import Bytes

/// Collects the tagged fields of a flexible message (KIP-482); add them by rising tag.
package struct TaggedFieldsWriter {
    private var fields: [(tag: UInt32, bytes: [UInt8])] = []

    package init() {}

    /// Adds a field; `body` writes its value.
    package mutating func add(_ tag: UInt32, _ body: (inout WireWriter) -> Void) {
        precondition(fields.last.map { $0.tag < tag } ?? true, "tag \(tag) behind \(fields.last?.tag ?? 0)")
        var writer = WireWriter(isFlexible: true, capacity: 64)
        body(&writer)
        fields.append((tag, Array(writer.output.bytes)))
    }

    fileprivate func write(to output: inout ByteWriter) {
        output.writeUnsignedVarint(UInt32(clamping: fields.count))
        for field in fields {
            output.writeUnsignedVarint(field.tag)
            output.writeUnsignedVarint(UInt32(clamping: field.bytes.count))
            output.writeBytes(field.bytes)
        }
    }
}

extension WireWriter {
    /// Writes the section of tagged fields, in flexible versions only.
    package mutating func taggedFields(_ fields: TaggedFieldsWriter) {
        if isFlexible { fields.write(to: &output) }
    }
}
