import Bytes
import Clocks
import CommitLog
import Compression
import EventLoop
import KafkaProtocol
import Telemetry

/// Keeps groups and offsets in `__consumer_offsets`, through the same durable append as everyone's data.
///
/// The topic is marked compacted, and what is alive is in memory anyway: so the log's cleaner leaves it alone, and when a
/// partition has grown to four times what is alive (and to 16 MiB at least), everything alive is appended again and, once that is on
/// disk, what lies before it is deleted. A crash in between leaves records twice, which reads the same.
final class GroupStore {
    /// What is read back at a start, in the log's order.
    enum Item {
        /// `producerID`: of the transaction that it is part of. `position`: where its batch begins.
        case record(GroupRecord, producerID: Int64?, position: Int64)
        case marker(EndMarker, producerID: Int64, offset: Int64)
    }

    private static let readBytes = 1 << 20

    private let partitions: [PartitionLog]
    private let clock: Clock
    private let logger: Logger
    /// Where appends report that they are durable.
    private let loop: EventLoop
    /// The last append to each partition.
    private var lastAppends: [AppendResult?]

    init(partitions: [PartitionLog], clock: Clock, logger: Logger, loop: EventLoop) {
        self.partitions = partitions
        self.clock = clock
        self.logger = logger
        self.loop = loop
        lastAppends = partitions.map { _ in nil }
    }

    /// Java's `String.hashCode`, without its sign, as Kafka does it.
    static func partitionIndex(group: String, count: Int) -> Int {
        var hash: Int32 = 0
        for unit in group.utf16 { hash = hash &* 31 &+ Int32(unit) }
        return Int(hash & Int32.max) % count
    }

    var partitionCount: Int { partitions.count }

    func partitionIndex(_ group: String) -> Int { Self.partitionIndex(group: group, count: partitions.count) }

    /// Reads everything, oldest first in each partition.
    func load(_ body: (TopicPartition, Item) -> Void) throws(LogError) {
        for log in partitions {
            var offset = log.logStartOffset
            while offset < log.highWatermark {
                let read = try log.read(from: offset, maxBytes: Self.readBytes)
                guard !read.isEmpty else { break }
                var bytes = ByteWriter(capacity: read.byteCount)
                read.copy(into: &bytes)
                decode(bytes.bytes) {
                    body(log.name, $0)
                } problem: { position, cause in
                    logger.warning(
                        "unreadable group data",
                        ["partition": "\(log.name)", "offset": .value(position), "cause": .value(cause)]
                    )
                }
                offset = read.nextOffset
            }
        }
    }

    /// Appends records of one group; `then` runs on the loop when they are on disk or lost.
    func append(group: String, _ records: [GroupRecord], then: @escaping @Sendable (ErrorCode) -> Void) {
        let index = partitionIndex(group)
        do throws(LogError) {
            whenDurable(try append(records, to: index), index, then)
        } catch {
            then(.coordinatorNotAvailable)
        }
    }

    /// Appends offsets of one group as part of a producer's transaction.
    ///
    /// `then` gets the outcome and the position of the batch; on the loop, at once when nothing was appended.
    ///
    /// - Returns: The position, nil when nothing was appended.
    func append(
        group: String,
        _ records: [GroupRecord],
        by producer: ProducerIdentity,
        then: @escaping @Sendable (ErrorCode, Int64) -> Void
    ) -> Int64? {
        let index = partitionIndex(group)
        do throws(LogError) {
            let result = try append(records, to: index, by: producer)
            whenDurable(result, index) { then($0, result.baseOffset) }
            return result.baseOffset
        } catch .invalidProducerEpoch {
            then(.invalidProducerEpoch, -1)
        } catch {
            then(.coordinatorNotAvailable, -1)
        }
        return nil
    }

    private func whenDurable(
        _ result: AppendResult,
        _ index: Int,
        _ then: @escaping @Sendable (ErrorCode) -> Void
    ) {
        let (loop, logger, name) = (loop, logger, partitions[index].name)
        partitions[index].whenDurable(result) { error in
            if let error { logger.error("group data lost", ["partition": "\(name)", "cause": .value(error)]) }
            loop.post { then(error == nil ? .none : .coordinatorNotAvailable) }
        }
    }

    /// Calls `then` on the loop when everything appended so far is on disk: what a reader is told must not vanish.
    func afterPendingWrites(group: String, then: @escaping @Sendable () -> Void) {
        afterPendingWrites(partition: partitionIndex(group), then: then)
    }

    /// As above, for everything in one partition.
    func afterPendingWrites(partition index: Int, then: @escaping @Sendable () -> Void) {
        guard let last = lastAppends[index], partitions[index].highWatermark <= last.lastOffset else { return then() }
        let loop = loop
        partitions[index].whenDurable(last) { _ in loop.post(then) }
    }

    private func append(
        _ records: [GroupRecord],
        to index: Int,
        by producer: ProducerIdentity? = nil
    ) throws(LogError) -> AppendResult {
        let now = clock.wallMilliseconds
        var builder = RecordBatchBuilder(
            baseTimestamp: now,
            attributes: RecordBatchAttributes(codec: .none, isTransactional: producer != nil),
            producerID: producer?.id ?? -1,
            producerEpoch: producer?.epoch ?? -1
        )
        for record in records { builder.add(key: record.key, value: record.value, timestamp: now) }
        var bytes = ByteWriter(capacity: 1024)
        do throws(RecordBatchError) {
            try builder.encode(into: &bytes)
        } catch {
            throw .invalidRecord(reason: "\(error)")
        }
        do throws(LogError) {
            let result = try partitions[index].append(bytes.bytes, origin: .broker)
            lastAppends[index] = result
            return result
        } catch {
            logger.error(
                "group data cannot be written",
                ["partition": "\(partitions[index].name)", "cause": .value(error)]
            )
            throw error
        }
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (Item) -> Void,
        problem: (Int64, String) -> Void
    ) {
        var rest = bytes
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            if header.attributes.isControl {
                if let marker = EndMarker(rest, header: header) {
                    body(.marker(marker, producerID: header.producerID, offset: header.baseOffset))
                }
            } else {
                decodeRecords(rest, header, body, problem)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
    }

    private func decodeRecords(
        _ batch: UnsafeRawBufferPointer,
        _ header: RecordBatchHeader,
        _ body: (Item) -> Void,
        _ problem: (Int64, String) -> Void
    ) {
        let producerID = header.attributes.isTransactional ? header.producerID : nil
        do throws(RecordBatchError) {
            try RecordBatch.forEachRecord(in: batch, header: header) { record in
                if let decoded = try? GroupRecord(key: record.key, value: record.value) {
                    body(.record(decoded, producerID: producerID, position: header.baseOffset))
                } else {
                    problem(record.offset, "unknown kind")
                }
                return true
            }
        } catch {
            problem(header.baseOffset, "\(error)")
        }
    }
}
