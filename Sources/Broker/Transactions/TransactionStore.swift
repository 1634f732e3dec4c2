import Bytes
import Clocks
import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// Keeps the transactional ids in `__transaction_state`, one record per change; the log's compaction bounds it.
///
/// Used on the coordinator's loop.
final class TransactionStore {
    private static let readBytes = 1 << 20

    private let partitions: [PartitionLog]
    private let clock: Clock
    private let logger: Logger
    private let loop: EventLoop

    init(partitions: [PartitionLog], clock: Clock, logger: Logger, loop: EventLoop) {
        self.partitions = partitions
        self.clock = clock
        self.logger = logger
        self.loop = loop
    }

    /// Reads all records, oldest first.
    func load(_ body: (TransactionRecord) -> Void) throws(LogError) {
        for log in partitions {
            var offset = log.logStartOffset
            while offset < log.highWatermark {
                let read = try log.read(from: offset, maxBytes: Self.readBytes)
                guard !read.isEmpty else { break }
                var bytes = ByteWriter(capacity: read.byteCount)
                read.copy(into: &bytes)
                decode(bytes.bytes, log.name, body)
                offset = read.nextOffset
            }
        }
    }

    /// Appends a record; `then` runs on the loop when it is on disk (true) or lost.
    ///
    /// What is appended later to the same id is never on disk without it.
    func append(_ record: TransactionRecord, then: @escaping @Sendable (Bool) -> Void) {
        let log = partitions[GroupStore.partitionIndex(group: record.id, count: partitions.count)]
        let now = clock.wallMilliseconds
        var builder = RecordBatchBuilder(baseTimestamp: now)
        builder.add(key: record.key, value: record.value, timestamp: now)
        var writer = ByteWriter(capacity: 512)
        let result: AppendResult
        do {
            try builder.encode(into: &writer)
            result = try log.append(writer.bytes, origin: .broker)
        } catch {
            logger.error("transaction state cannot be written", ["id": .value(record.id), "cause": .value(error)])
            return then(false)
        }
        let (loop, logger) = (loop, logger)
        log.whenDurable(result) { error in
            if let error {
                logger.error("transaction state lost", ["id": .value(record.id), "cause": .value(error)])
            }
            loop.post { then(error == nil) }
        }
    }

    private func decode(_ bytes: UnsafeRawBufferPointer, _ name: TopicPartition, _ body: (TransactionRecord) -> Void) {
        var rest = bytes
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            do throws(RecordBatchError) {
                try RecordBatch.forEachRecord(in: rest, header: header) { record in
                    if let decoded = try? TransactionRecord(key: record.key, value: record.value) {
                        body(decoded)
                    } else {
                        logger.warning(
                            "unreadable transaction record",
                            ["partition": "\(name)", "offset": .value(record.offset)]
                        )
                    }
                    return true
                }
            } catch {
                logger.warning("unreadable transaction batch", ["partition": "\(name)", "cause": .value(error)])
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
    }
}
