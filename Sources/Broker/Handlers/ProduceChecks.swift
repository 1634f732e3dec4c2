import Bytes
import Compression
import KafkaProtocol

/// What the broker asks of produced batches beyond what the log checks itself.
enum ProduceChecks {
    static func check(
        _ batches: UnsafeRawBufferPointer,
        version: Int16,
        transactionalID: String?
    ) throws(ProduceRefusal) {
        // Headers only; a damaged batch is for the log to refuse.
        guard let header = try? RecordBatchHeader(batches) else { return }
        if version < 7, header.attributes.codec == .zstd {
            throw ProduceRefusal(.unsupportedCompressionType, "zstd needs Produce version 7")
        }
        if header.attributes.isTransactional, transactionalID == nil {
            throw ProduceRefusal(
                .transactionalIDAuthorizationFailed,
                "a transactional batch without a transactional id"
            )
        }
    }

    /// The records that a compacted topic cannot take: it keeps the last value of each key, so each needs one.
    static func recordsWithoutKey(
        in batch: UnsafeRawBufferPointer
    ) -> [ProduceResponse.Topic.Partition.RecordError] {
        var errors: [ProduceResponse.Topic.Partition.RecordError] = []
        var index: Int32 = 0
        guard let header = try? RecordBatchHeader(batch) else { return [] }
        try? RecordBatch.forEachRecord(in: batch, header: header) { record in
            if record.key == nil {
                var error = ProduceResponse.Topic.Partition.RecordError()
                error.batchIndex = index
                error.batchIndexErrorMessage = "Compacted topic cannot accept message without key"
                errors.append(error)
            }
            index += 1
            return errors.count < 100
        }
        return errors
    }
}
