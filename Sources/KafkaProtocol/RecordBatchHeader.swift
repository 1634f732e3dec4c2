package import Bytes

/// The 61 bytes in front of every record batch, message format v2 (KIP-98).
///
/// Base offset, batch length and leader epoch lie outside the checksum, so a broker may set them without touching it.
package struct RecordBatchHeader: Equatable, Sendable {
    /// The size of a header on the wire and on disk.
    package static let byteCount = 61
    /// The bytes that the length field does not count: base offset and the length itself.
    package static let lengthOverhead = 12
    /// Where the checksum is, and where the bytes it covers begin.
    package static let checksumPosition = 17
    package static let checkedPosition = 21

    package var baseOffset: Int64
    /// Bytes after the length field.
    package var batchLength: Int32
    package var leaderEpoch: Int32
    package var checksum: UInt32
    package var attributes: RecordBatchAttributes
    package var lastOffsetDelta: Int32
    package var baseTimestamp: Int64
    package var maxTimestamp: Int64
    /// -1 when the producer is not idempotent.
    package var producerID: Int64
    package var producerEpoch: Int16
    /// The sequence number of the first record, -1 without an idempotent producer.
    package var baseSequence: Int32
    package var recordCount: Int32

    /// Reads the header of the first batch in `bytes`; the batch itself may be cut.
    ///
    /// The checksum is not looked at here, see `RecordBatch.hasValidChecksum(_:)`.
    /// - Throws: `.truncated` when fewer than 61 bytes are there, `.invalidLength` when the length field cannot be,
    ///   `.unsupportedMagic` for message formats 0 and 1.
    package init(_ bytes: UnsafeRawBufferPointer) throws(RecordBatchError) {
        guard bytes.count >= Self.byteCount else {
            throw .truncated(needed: Self.byteCount, available: bytes.count)
        }
        func field<T: FixedWidthInteger & BitwiseCopyable>(_ position: Int, _ type: T.Type) -> T {
            T(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
        }
        let magic = field(16, Int8.self)
        guard magic == 2 else { throw .unsupportedMagic(magic) }
        batchLength = field(8, Int32.self)
        guard Int(batchLength) >= Self.byteCount - Self.lengthOverhead else { throw .invalidLength(batchLength) }
        baseOffset = field(0, Int64.self)
        leaderEpoch = field(12, Int32.self)
        checksum = field(17, UInt32.self)
        attributes = RecordBatchAttributes(rawValue: field(21, Int16.self))
        lastOffsetDelta = field(23, Int32.self)
        baseTimestamp = field(27, Int64.self)
        maxTimestamp = field(35, Int64.self)
        producerID = field(43, Int64.self)
        producerEpoch = field(51, Int16.self)
        baseSequence = field(53, Int32.self)
        recordCount = field(57, Int32.self)
    }

    /// A header without records or producer; its length and checksum are set when the batch is encoded.
    package init(emptyWithBaseTimestamp timestamp: Int64) {
        baseOffset = 0
        batchLength = 0
        leaderEpoch = -1
        checksum = 0
        attributes = RecordBatchAttributes()
        lastOffsetDelta = -1
        baseTimestamp = timestamp
        maxTimestamp = timestamp
        producerID = -1
        producerEpoch = -1
        baseSequence = -1
        recordCount = 0
    }

    /// The size of the whole batch, header included.
    package var totalByteCount: Int { Self.lengthOverhead + Int(batchLength) }

    /// The offset of the last record; wraps only for headers that were never checked.
    package var lastOffset: Int64 { baseOffset &+ Int64(lastOffsetDelta) }

    /// The offset after the last record.
    package var nextOffset: Int64 { lastOffset &+ 1 }

    /// The sequence number of the last record; sequences wrap from 2^31-1 to 0.
    package var lastSequence: Int32 {
        baseSequence < 0 ? baseSequence : ProducerSequence.advance(baseSequence, by: lastOffsetDelta)
    }

    package var hasProducerID: Bool { producerID >= 0 }

    /// From when on tombstones of the batch, or the marker in it, may be removed; nil before the first compaction.
    package var deleteHorizon: Int64? { attributes.hasDeleteHorizon ? baseTimestamp : nil }

    /// A producer sends as many records as offsets; compaction leaves fewer.
    package var isCompacted: Bool { Int64(recordCount) != Int64(lastOffsetDelta) + 1 || attributes.hasDeleteHorizon }

    /// Writes the header; the caller has set `batchLength` and `checksum`, or patches them later.
    package func encode(into writer: inout ByteWriter) {
        writer.writeInt64(baseOffset)
        writer.writeInt32(batchLength)
        writer.writeInt32(leaderEpoch)
        writer.writeInt8(2)
        writer.writeUInt32(checksum)
        writer.writeInt16(attributes.rawValue)
        writer.writeInt32(lastOffsetDelta)
        writer.writeInt64(baseTimestamp)
        writer.writeInt64(maxTimestamp)
        writer.writeInt64(producerID)
        writer.writeInt16(producerEpoch)
        writer.writeInt32(baseSequence)
        writer.writeInt32(recordCount)
    }
}

/// Arithmetic of producer sequence numbers, which run from 0 to 2^31-1 and start again.
package enum ProducerSequence {
    /// The sequence number `count` records after `sequence`; both not negative.
    package static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        Int32(truncatingIfNeeded: (Int64(sequence) + Int64(count)) & 0x7fff_ffff)
    }
}
