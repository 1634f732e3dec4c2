package import Bytes
import Compression

/// Encodes one record batch, for the broker's own topics and for tests.
package struct RecordBatchBuilder: ~Copyable {
    private var records = ByteWriter(capacity: 512)
    private var scratch = ByteWriter(capacity: 256)
    private var header: RecordBatchHeader

    /// How many records have been added.
    package var recordCount: Int32 { header.recordCount }

    /// `baseTimestamp`: Milliseconds since 1970 of the first record.
    package init(
        baseTimestamp: Int64,
        attributes: RecordBatchAttributes = .init(codec: .none),
        baseOffset: Int64 = 0,
        producerID: Int64 = -1,
        producerEpoch: Int16 = -1,
        baseSequence: Int32 = -1
    ) {
        header = RecordBatchHeader(emptyWithBaseTimestamp: baseTimestamp)
        header.attributes = attributes
        header.baseOffset = baseOffset
        header.producerID = producerID
        header.producerEpoch = producerEpoch
        header.baseSequence = baseSequence
    }

    /// Adds one record.
    package mutating func add(
        key: [UInt8]?,
        value: [UInt8]?,
        timestamp: Int64,
        headers: [(name: String, value: [UInt8]?)] = []
    ) {
        scratch.removeAll()
        scratch.writeInt8(0)
        scratch.writeVarlong(timestamp &- header.baseTimestamp)
        scratch.writeVarint(header.recordCount)
        writeNullable(key)
        writeNullable(value)
        scratch.writeVarint(Int32(clamping: headers.count))
        for item in headers {
            let name = Array(item.name.utf8)
            writeNullable(name)
            writeNullable(item.value)
        }
        records.writeVarint(Int32(clamping: scratch.count))
        records.writeBytes(scratch.bytes)
        header.lastOffsetDelta = header.recordCount
        header.recordCount += 1
        header.maxTimestamp = max(header.maxTimestamp, timestamp)
    }

    /// Appends the finished batch to `writer`.
    package consuming func encode(into writer: inout ByteWriter) throws(RecordBatchError) {
        let start = writer.count
        header.encode(into: &writer)
        guard let codec = header.attributes.codec else { throw .unknownCodec(header.attributes.rawValue) }
        if codec == .none {
            writer.writeBytes(records.bytes)
        } else {
            do throws(CompressionError) {
                try codec.compress(records.bytes, into: &writer)
            } catch {
                throw .compression(error)
            }
        }
        let total = writer.count - start
        writer.patch(Int32(clamping: total - RecordBatchHeader.lengthOverhead), at: start + 8)
        let batch = UnsafeRawBufferPointer(rebasing: writer.bytes[start...])
        writer.patch(RecordBatch.checksum(of: batch), at: start + RecordBatchHeader.checksumPosition)
    }

    private mutating func writeNullable(_ bytes: [UInt8]?) {
        guard let bytes else { return scratch.writeVarint(-1) }
        scratch.writeVarint(Int32(clamping: bytes.count))
        scratch.writeBytes(bytes)
    }
}
