import Bytes
import Compression
import KafkaProtocol

/// One batch of an append, checked.
struct ValidBatch {
    /// As the producer sent it.
    let header: RecordBatchHeader
    /// As it is stored.
    let bytes: UnsafeRawBufferPointer
    /// The attributes in `bytes`.
    let attributes: RecordBatchAttributes
    /// Keeps `bytes` when they are not the producer's.
    let owner: SharedBytes?

    init(header: RecordBatchHeader, bytes: UnsafeRawBufferPointer) {
        self.header = header
        self.bytes = bytes
        attributes = header.attributes
        owner = nil
    }

    /// The batch with its records in another codec; itself when they are in it already.
    func recompressed(with codec: CompressionCodec, maxMessageBytes: Int) throws(LogError) -> ValidBatch {
        guard header.attributes.codec != codec, !header.attributes.isControl else { return self }
        var writer = ByteWriter(capacity: bytes.count)
        do throws(RecordBatchError) {
            try RecordBatch.recompress(bytes, header: header, with: codec, into: &writer)
        } catch {
            throw .corruptBatch(reason: "\(error)")
        }
        guard writer.count <= maxMessageBytes else {
            throw .batchTooLarge(byteCount: writer.count, limit: maxMessageBytes)
        }
        return ValidBatch(header, stored: writer.finish(), codec: codec)
    }

    private init(_ header: RecordBatchHeader, stored: SharedBytes, codec: CompressionCodec) {
        self.header = header
        bytes = stored.bytes
        attributes = header.attributes.with(codec)
        owner = stored
    }
}

/// Checks what a producer sent, once, before it goes near the log.
///
/// Records inside a batch are not looked at, except for keys where the topic needs them: the checksum says that they are
/// what the producer made.
struct BatchValidator {
    let maxMessageBytes: Int
    let requiresKeys: Bool
    let origin: AppendOrigin
    /// Times that clients may send; only looked at in the header, whose first and latest time stand for all records.
    var timestamps = Int64.min...Int64.max

    func validate(_ bytes: UnsafeRawBufferPointer) throws(LogError) -> [ValidBatch] {
        var batches: [ValidBatch] = []
        var rest = bytes
        while !rest.isEmpty {
            let batch = try validateFirst(rest)
            batches.append(batch)
            rest = UnsafeRawBufferPointer(rebasing: rest[batch.bytes.count...])
        }
        guard let first = batches.first else { throw .invalidRecord(reason: "there is no record batch") }
        guard batches.count == 1 || batches.allSatisfy({ !$0.header.hasProducerID }) else {
            throw .invalidRecord(
                reason: "\(batches.count) batches of producer \(first.header.producerID) in one append"
            )
        }
        return batches
    }

    private func validateFirst(_ rest: UnsafeRawBufferPointer) throws(LogError) -> ValidBatch {
        let header: RecordBatchHeader
        do throws(RecordBatchError) {
            header = try RecordBatchHeader(rest)
        } catch .unsupportedMagic(let magic) {
            throw .unsupportedFormat(magic: magic)
        } catch {
            throw .corruptBatch(reason: "\(error)")
        }
        guard header.totalByteCount <= rest.count else {
            throw .corruptBatch(reason: "length is \(header.totalByteCount), \(rest.count) bytes are there")
        }
        guard header.totalByteCount <= maxMessageBytes else {
            throw .batchTooLarge(byteCount: header.totalByteCount, limit: maxMessageBytes)
        }
        let batch = UnsafeRawBufferPointer(rebasing: rest[..<header.totalByteCount])
        let checksum = RecordBatch.checksum(of: batch)
        guard checksum == header.checksum else {
            throw .corruptBatch(
                reason: "\(RecordBatchError.checksumMismatch(stored: header.checksum, computed: checksum))"
            )
        }
        try validateFields(header)
        if requiresKeys && !header.attributes.isControl { try validateKeys(batch, header: header) }
        return ValidBatch(header: header, bytes: batch)
    }

    private func validateFields(_ header: RecordBatchHeader) throws(LogError) {
        guard header.recordCount > 0, Int64(header.recordCount) == Int64(header.lastOffsetDelta) + 1 else {
            throw .invalidRecord(
                reason: "\(header.recordCount) records with a last offset delta of \(header.lastOffsetDelta)"
            )
        }
        guard header.attributes.codec != nil else {
            throw .invalidRecord(reason: "compression codec \(header.attributes.rawValue & 7) does not exist")
        }
        if origin == .client, header.baseTimestamp >= 0,
            header.baseTimestamp < timestamps.lowerBound || header.maxTimestamp > timestamps.upperBound
        {
            throw .invalidTimestamp(first: header.baseTimestamp, latest: header.maxTimestamp, allowed: timestamps)
        }
        if header.attributes.isControl, origin == .client {
            throw .invalidRecord(reason: "clients may not write control batches")
        }
        if header.hasProducerID {
            // Markers and the broker's own transactional batches have no sequence.
            guard header.producerEpoch >= 0, header.baseSequence >= 0 || origin == .broker else {
                throw .invalidRecord(
                    reason: "producer \(header.producerID) without epoch or sequence"
                )
            }
        } else if header.attributes.isTransactional {
            throw .invalidRecord(reason: "transactional batch without a producer id")
        }
    }

    private func validateKeys(_ batch: UnsafeRawBufferPointer, header: RecordBatchHeader) throws(LogError) {
        var index = 0
        var keyless: Int?
        do throws(RecordBatchError) {
            try RecordBatch.forEachRecord(in: batch, header: header) { record in
                if record.key == nil { keyless = index }
                index += 1
                return keyless == nil
            }
        } catch {
            throw .corruptBatch(reason: "\(error)")
        }
        if let keyless { throw .missingKey(recordIndex: keyless) }
    }
}
