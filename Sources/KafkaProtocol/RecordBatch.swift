import Bytes
import Compression

/// Looks at whole record batches where they lie.
package enum RecordBatch {
    /// The most that the records of one batch may decompress to; guards against compression bombs.
    package static let maximumDecompressedByteCount = 256 << 20

    /// Computes the checksum of one whole batch, over everything after the checksum field.
    package static func checksum(of batch: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.checkedPosition...]))
    }

    /// Whether the stored checksum is right; `batch` is exactly the batch that `header` was read from.
    package static func hasValidChecksum(_ batch: UnsafeRawBufferPointer, header: RecordBatchHeader) -> Bool {
        batch.count == header.totalByteCount && checksum(of: batch) == header.checksum
    }

    /// Calls `body` with each record in order, decompressing if needed, until it returns false.
    ///
    /// The slices in a `Record` are valid only inside the call.
    /// `batch`: One whole batch; its checksum has been verified.
    package static func forEachRecord(
        in batch: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        _ body: (borrowing Record) -> Bool
    ) throws(RecordBatchError) {
        guard batch.count >= header.totalByteCount else {
            throw .truncated(needed: header.totalByteCount, available: batch.count)
        }
        guard let codec = header.attributes.codec else { throw .unknownCodec(header.attributes.rawValue) }
        let payload = UnsafeRawBufferPointer(rebasing: batch[RecordBatchHeader.byteCount..<header.totalByteCount])
        guard codec != .none else { return try walk(payload, header: header, body) }
        var plain = ByteWriter(capacity: min(payload.count * 4, maximumDecompressedByteCount))
        do throws(CompressionError) {
            try codec.decompress(payload, into: &plain, maximumByteCount: maximumDecompressedByteCount)
        } catch {
            throw .compression(error)
        }
        try walk(plain.bytes, header: header, body)
    }

    private static func walk(
        _ payload: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        _ body: (borrowing Record) -> Bool
    ) throws(RecordBatchError) {
        var reader = ByteReader(payload)
        do throws(ByteError) {
            for _ in 0..<max(header.recordCount, 0) {
                let record = try Record(&reader, header: header)
                if !body(record) { return }
            }
        } catch {
            throw .malformedRecords(error)
        }
    }
}
