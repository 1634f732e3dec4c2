package import Bytes
package import Compression

/// Copies record batches without some of their records, as compaction needs it: offsets, batch bounds, producer and codec
/// stay (KIP-98), and the time from which tombstones may go is noted in the header (KIP-534).
package struct RecordBatchFilter: ~Copyable {
    private struct Kept {
        let timestamp: Int64
        /// The record without its length.
        let whole: Range<Int>
        /// What follows the time: offset delta, key, value and headers.
        let rest: Range<Int>
    }

    private var plain = ByteWriter(capacity: 4096)
    private var records = ByteWriter(capacity: 4096)
    private var kept: [Kept] = []

    package init() {}

    /// How many records the last selection kept.
    package var keptCount: Int { kept.count }

    /// Goes through the records of a batch and remembers those that `keep` wants, for `encode`.
    ///
    /// - Returns: Whether all records are kept.
    package mutating func select(
        from batch: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        keep: (borrowing Record) -> Bool
    ) throws(RecordBatchError) -> Bool {
        kept.removeAll(keepingCapacity: true)
        guard let codec = header.attributes.codec else { throw .unknownCodec(header.attributes.rawValue) }
        let stored = UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.byteCount..<header.totalByteCount])
        plain.removeAll()
        do throws(CompressionError) {
            let limit = RecordBatch.maximumDecompressedByteCount
            try codec.decompress(stored, into: &plain, maximumByteCount: limit)
        } catch {
            throw .compression(error)
        }
        do throws(ByteError) {
            return try walk(header, keep)
        } catch {
            throw .malformedRecords(error)
        }
    }

    private mutating func walk(_ header: RecordBatchHeader, _ keep: (borrowing Record) -> Bool) throws(ByteError)
        -> Bool
    {
        let payload = plain.bytes
        var reader = ByteReader(payload)
        for _ in 0..<max(header.recordCount, 0) {
            var body = reader
            let record = try Record(&reader, header: header)
            guard keep(record) else { continue }
            _ = try body.readVarint()
            let start = payload.count - body.remaining
            try body.skip(1)
            _ = try body.readVarlong()
            let rest = payload.count - body.remaining
            let end = payload.count - reader.remaining
            kept.append(Kept(timestamp: record.timestamp, whole: start..<end, rest: rest..<end))
        }
        return kept.count == Int(max(header.recordCount, 0))
    }

    /// Appends the batch with the records that were selected; `deleteHorizon` is set where it is not nil.
    ///
    /// Without records only the header is left, which keeps offsets and the producer's sequence numbers.
    package mutating func encode(
        _ header: RecordBatchHeader,
        deleteHorizon: Int64?,
        into writer: inout ByteWriter
    ) throws(RecordBatchError) {
        guard !kept.isEmpty else { return Self.encodeEmpty(header, into: &writer) }
        guard let codec = header.attributes.codec else { throw .unknownCodec(header.attributes.rawValue) }
        var header = header
        header.recordCount = Int32(clamping: kept.count)
        if let deleteHorizon {
            header.attributes.rawValue |= RecordBatchAttributes.deleteHorizonBit
            header.baseTimestamp = deleteHorizon
        }
        if !header.attributes.isLogAppendTime {
            header.maxTimestamp = kept.reduce(Int64.min) { max($0, $1.timestamp) }
        }
        let start = writer.count
        header.encode(into: &writer)
        gather(baseTimestamp: deleteHorizon)
        do throws(CompressionError) {
            try codec.compress(records.bytes, into: &writer)
        } catch {
            throw .compression(error)
        }
        RecordBatch.finish(&writer, from: start)
    }

    /// Puts the kept records one behind the other, with times relative to a new base where one is given.
    private mutating func gather(baseTimestamp: Int64?) {
        records.removeAll()
        let payload = plain.bytes
        for record in kept {
            let whole = UnsafeRawBufferPointer(rebasing: payload[record.whole])
            guard let baseTimestamp else {
                records.writeVarint(Int32(clamping: whole.count))
                records.writeBytes(whole)
                continue
            }
            let delta = record.timestamp &- baseTimestamp
            let rest = UnsafeRawBufferPointer(rebasing: payload[record.rest])
            records.writeVarint(Int32(clamping: 1 + Varint.byteCount(ofLong: delta) + rest.count))
            records.writeUInt8(whole[0])
            records.writeVarlong(delta)
            records.writeBytes(rest)
        }
    }

    /// Appends the header alone: a batch without records.
    package static func encodeEmpty(_ header: RecordBatchHeader, into writer: inout ByteWriter) {
        var header = header
        header.attributes.rawValue &= ~RecordBatchAttributes.codecMask
        header.recordCount = 0
        let start = writer.count
        header.encode(into: &writer)
        RecordBatch.finish(&writer, from: start)
    }
}

extension RecordBatch {
    /// Appends a copy of a batch whose records are in another codec; the records themselves are not looked at.
    package static func recompress(
        _ batch: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        with codec: CompressionCodec,
        into writer: inout ByteWriter
    ) throws(RecordBatchError) {
        guard let old = header.attributes.codec else { throw .unknownCodec(header.attributes.rawValue) }
        var header = header
        header.attributes = header.attributes.with(codec)
        let stored = UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.byteCount..<header.totalByteCount])
        let start = writer.count
        header.encode(into: &writer)
        do throws(CompressionError) {
            guard codec != .none else {
                try old.decompress(stored, into: &writer, maximumByteCount: maximumDecompressedByteCount)
                return finish(&writer, from: start)
            }
            var plain = ByteWriter(capacity: stored.count)
            try old.decompress(stored, into: &plain, maximumByteCount: maximumDecompressedByteCount)
            try codec.compress(plain.bytes, into: &writer)
        } catch {
            throw .compression(error)
        }
        finish(&writer, from: start)
    }

    /// Sets length and checksum of the batch that fills `writer` from `start` on.
    package static func finish(_ writer: inout ByteWriter, from start: Int) {
        writer.patch(Int32(clamping: writer.count - start - RecordBatchHeader.lengthOverhead), at: start + 8)
        let batch = UnsafeRawBufferPointer(rebasing: writer.bytes[start...])
        writer.patch(checksum(of: batch), at: start + RecordBatchHeader.checksumPosition)
    }
}

enum Varint {
    /// How many bytes a zigzag number takes.
    static func byteCount(ofLong value: Int64) -> Int {
        let bits = 64 - ((value << 1) ^ (value >> 63)).leadingZeroBitCount
        return max(1, (bits + 6) / 7)
    }
}
