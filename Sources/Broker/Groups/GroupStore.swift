import Bytes
import Clocks
import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// Keeps groups and offsets in `__consumer_offsets`, through the same durable append as everyone's data.
///
/// The topic is marked compacted, and what is alive is in memory anyway: so the log's cleaner leaves it alone, and when a
/// partition has grown to four times what is alive (and to 16 MiB at least), everything alive is appended again and, once that is on
/// disk, what lies before it is deleted. A crash in between leaves records twice, which reads the same.
final class GroupStore {
    private static let rewriteBytesMin: Int64 = 16 << 20
    /// A snapshot is written in batches of about this size.
    private static let batchBytes = 512 << 10
    private static let readBytes = 1 << 20

    private let directory: LogDirectory
    private let partitions: [PartitionLog]
    private let clock: Clock
    private let logger: Logger
    /// Where appends report that they are durable.
    private let loop: EventLoop
    /// Where old data is deleted, which waits for the disk.
    private let administration: EventLoop
    /// The last append to each partition.
    private var lastAppends: [AppendResult?]
    private var liveBytes: [Int64]
    private var isRewriting: [Bool]

    init(
        directory: LogDirectory,
        partitions: [PartitionLog],
        clock: Clock,
        logger: Logger,
        loop: EventLoop,
        administration: EventLoop
    ) {
        self.directory = directory
        self.partitions = partitions
        self.clock = clock
        self.logger = logger
        self.loop = loop
        self.administration = administration
        lastAppends = partitions.map { _ in nil }
        liveBytes = partitions.map { _ in 0 }
        isRewriting = partitions.map { _ in false }
    }

    /// Java's `String.hashCode`, without its sign, as Kafka does it.
    static func partitionIndex(group: String, count: Int) -> Int {
        var hash: Int32 = 0
        for unit in group.utf16 { hash = hash &* 31 &+ Int32(unit) }
        return Int(hash & Int32.max) % count
    }

    func partitionIndex(_ group: String) -> Int { Self.partitionIndex(group: group, count: partitions.count) }

    /// Reads all records, oldest first.
    func load(_ body: (GroupRecord) -> Void) throws(LogError) {
        for log in partitions {
            var offset = log.logStartOffset
            while offset < log.highWatermark {
                let read = try log.read(from: offset, maxBytes: Self.readBytes)
                guard !read.isEmpty else { break }
                var bytes = ByteWriter(capacity: read.byteCount)
                read.copy(into: &bytes)
                offset = decode(bytes.bytes, log.name, body)
            }
        }
    }

    /// Appends records of one group; `then` runs on the loop when they are on disk or lost.
    func append(group: String, _ records: [GroupRecord], then: @escaping @Sendable (ErrorCode) -> Void) {
        let index = partitionIndex(group)
        guard let result = append(records, to: index) else { return then(.coordinatorNotAvailable) }
        let (loop, logger, name) = (loop, logger, partitions[index].name)
        partitions[index].whenDurable(result) { error in
            if let error { logger.error("group data lost", ["partition": "\(name)", "cause": .value(error)]) }
            loop.post { then(error == nil ? .none : .coordinatorNotAvailable) }
        }
    }

    /// Calls `then` on the loop when everything appended so far is on disk: what a reader is told must not vanish.
    func afterPendingWrites(group: String, then: @escaping @Sendable () -> Void) {
        let index = partitionIndex(group)
        guard let last = lastAppends[index], partitions[index].highWatermark <= last.lastOffset else { return then() }
        let loop = loop
        partitions[index].whenDurable(last) { _ in loop.post(then) }
    }

    /// Rewrites partitions that have grown too far; `alive` gives all records of one partition.
    func boundSize(_ alive: (Int) -> [GroupRecord]) {
        for index in partitions.indices where !isRewriting[index] {
            let limit = max(Self.rewriteBytesMin, liveBytes[index] * 4)
            guard partitions[index].byteCount > limit else { continue }
            rewrite(index, alive(index))
        }
    }

    private func rewrite(_ index: Int, _ records: [GroupRecord]) {
        let log = partitions[index]
        let start = log.logEndOffset
        var size: Int64 = 0
        var batch: [GroupRecord] = []
        var batchSize = 0
        var last: AppendResult?
        func flush() -> Bool {
            guard !batch.isEmpty else { return true }
            guard let result = append(batch, to: index) else { return false }
            last = result
            size += Int64(batchSize)
            batch = []
            batchSize = 0
            return true
        }
        for record in records {
            batch.append(record)
            batchSize += record.key.count + (record.value?.count ?? 0) + 16
            if batchSize >= Self.batchBytes, !flush() { return }
        }
        guard flush(), let last else { return }
        liveBytes[index] = size
        let rewrittenBytes = size
        isRewriting[index] = true
        let (loop, administration, logger, directory) = (loop, administration, logger, directory)
        let done = RewriteEnd(store: self)
        log.whenDurable(last) { error in
            administration.post {
                if error == nil {
                    do throws(LogError) {
                        _ = try directory.deleteRecords(of: log, before: start)
                        logger.info("offsets rewritten", ["partition": "\(log.name)", "bytes": .value(rewrittenBytes)])
                    } catch {
                        logger.warning("old offsets stay", ["partition": "\(log.name)", "cause": .value(error)])
                    }
                }
                loop.post { done.store.isRewriting[index] = false }
            }
        }
    }

    private func append(_ records: [GroupRecord], to index: Int) -> AppendResult? {
        let now = clock.wallMilliseconds
        var builder = RecordBatchBuilder(baseTimestamp: now)
        for record in records { builder.add(key: record.key, value: record.value, timestamp: now) }
        var writer = ByteWriter(capacity: 1024)
        do {
            try builder.encode(into: &writer)
            let result = try partitions[index].append(writer.bytes, origin: .broker)
            lastAppends[index] = result
            return result
        } catch {
            logger.error(
                "group data cannot be written",
                ["partition": "\(partitions[index].name)", "cause": .value(error)]
            )
            return nil
        }
    }

    /// - Returns: The offset behind what was read.
    private func decode(_ bytes: UnsafeRawBufferPointer, _ name: TopicPartition, _ body: (GroupRecord) -> Void) -> Int64
    {
        var rest = bytes
        var next: Int64 = Int64.max
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            next = header.nextOffset
            do throws(RecordBatchError) {
                try RecordBatch.forEachRecord(in: rest, header: header) { record in
                    if let decoded = try? GroupRecord(key: record.key, value: record.value) {
                        body(decoded)
                    } else {
                        logger.warning(
                            "unreadable group record",
                            ["partition": "\(name)", "offset": .value(record.offset)]
                        )
                    }
                    return true
                }
            } catch {
                logger.warning("unreadable group batch", ["partition": "\(name)", "cause": .value(error)])
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
        return next
    }
}

/// Carries the store through other threads back to its own.
private struct RewriteEnd: @unchecked Sendable {  // Sendable holds: `store` is used on the store's loop alone
    let store: GroupStore
}
