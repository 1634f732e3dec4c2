import Bytes
import KafkaProtocol
import Synchronization

/// One partition's log: append record batches, read them back, wait for either end to move.
///
/// All methods may be called from any thread; none but `enforceRetention` and `deleteRecords` waits for a write to the
/// disk. Reads of old data that is no longer in memory wait for the disk to deliver it.
///
/// A `compact` topic keeps everything: compaction is not done yet, so nothing a reader may need is ever missing.
package final class PartitionLog: Sendable {
    package let name: TopicPartition

    private struct State {
        var batches: [SharedBytes] = []
        var next: Int64 = 0
        var start: Int64 = 0
        var waits: [Int: (offset: Int64, body: @Sendable () -> Void)] = [:]
        var nextWait = 0
        var isClosed = false
    }
    private let state = Mutex(State())
    private let settings: PartitionSettings
    private let clock: @Sendable () -> Int64

    init(name: TopicPartition, settings: PartitionSettings, clock: @escaping @Sendable () -> Int64) {
        self.name = name
        self.settings = settings
        self.clock = clock
    }

    /// The first offset that can be read.
    package var logStartOffset: Int64 { state.withLock { $0.start } }
    /// The offset behind the last durable record: readers see what is below.
    package var highWatermark: Int64 { state.withLock { $0.next } }
    /// The offset that the next record gets; ahead of the high watermark while writes are under way.
    package var logEndOffset: Int64 { state.withLock { $0.next } }
    /// Where readers of committed records end: the first open transaction, else the high watermark.
    package var lastStableOffset: Int64 { highWatermark }
    /// Bytes on disk, of all segments.
    package var byteCount: Int64 { state.withLock { $0.batches.reduce(0) { $0 + Int64($1.count) } } }
    /// Why the partition stands still, nil while it works.
    package var stopReason: LogError? { nil }

    /// Replaces the settings; they hold from the next append on.
    package func update(settings: PartitionSettings) {}

    /// Checks one or more framed record batches of format 2 and takes a copy of them into the log.
    ///
    /// Refused as a whole or taken as a whole. Batches with a producer id come alone. Offsets and leader epoch are set in
    /// the log's copy, timestamps too where the topic stamps them; `batches` is only read. Returns at once: the bytes
    /// are durable, and seen by readers, when the high watermark reaches `durableOffset` of the result.
    /// - Parameter leaderEpoch: Stamped into each batch; never lower than before.
    package func append(
        _ batches: UnsafeRawBufferPointer, leaderEpoch: Int32 = 0, origin: AppendOrigin = .client
    ) throws(LogError) -> AppendResult {
        do throws(RecordBatchError) {
            let header = try RecordBatchHeader(batches)
            let count = Int64(header.lastOffsetDelta) + 1
            let (base, woken) = state.withLock { state in
                let base = state.next
                var writer = ByteWriter(capacity: batches.count)
                writer.writeBytes(batches)
                writer.patch(base, at: 0)
                writer.patch(leaderEpoch, at: 12)
                state.batches.append(writer.finish())
                state.next += count
                let next = state.next
                let woken = state.waits.filter { $0.value.offset < next }
                for key in woken.keys { state.waits[key] = nil }
                return (base, woken.map(\.value.body))
            }
            for body in woken { body() }
            return AppendResult(
                baseOffset: base, lastOffset: base + count - 1, logAppendTime: -1, logStartOffset: logStartOffset,
                isDuplicate: false)
        } catch {
            throw .corruptBatch(reason: "\(error)")
        }
    }

    /// Calls `body` once: with nil when everything below `offset` is durable, else with the error that lost it.
    ///
    /// It is called from a writer thread, together with all others that the same sync satisfied, or at once from this
    /// call when the offset is durable already. It must be quick; no lock is held, it may call the log.
    package func whenDurable(_ offset: Int64, _ body: @escaping @Sendable (LogError?) -> Void) { body(nil) }

    /// Calls `body` once, from a writer thread, when the high watermark is above `offset` or the partition stops or
    /// closes. It must be quick; no lock is held.
    ///
    /// - Returns: nil, and `body` is never called, when the high watermark is above `offset` already.
    package func whenReadable(beyond offset: Int64, _ body: @escaping @Sendable () -> Void) -> ReadWait? {
        state.withLock { state in
            guard state.next <= offset else { return nil }
            state.nextWait += 1
            state.waits[state.nextWait] = (offset, body)
            return ReadWait(id: state.nextWait)
        }
    }

    /// Forgets a wait; harmless when it has been called already.
    package func cancel(_ wait: ReadWait) { state.withLock { $0.waits[wait.id] = nil } }

    /// Reads whole batches below the high watermark, beginning with the one that contains `offset`.
    ///
    /// At least one batch is returned even when it is larger than `maxBytes`; nothing when `offset` is the high
    /// watermark.
    /// - Throws: `.offsetOutOfRange` below the log start or above the high watermark; `.corruptLog` when the disk returns
    ///   bytes that fail their checksum.
    package func read(from offset: Int64, maxBytes: Int) throws(LogError) -> LogRead {
        try state.withLock { state throws(LogError) in
            guard offset >= state.start, offset <= state.next else {
                throw .offsetOutOfRange(offset: offset, logStartOffset: state.start, highWatermark: state.next)
            }
            var slices: [LogSlice] = []
            var size = 0
            for batch in state.batches {
                guard let header = try? RecordBatchHeader(batch.bytes), header.lastOffset >= offset else { continue }
                guard slices.isEmpty || size + batch.count <= maxBytes else { break }
                slices.append(LogSlice(owner: batch, bytes: batch.bytes))
                size += batch.count
            }
            return LogRead(
                slices: slices, byteCount: size, highWatermark: state.next, lastStableOffset: state.next,
                logStartOffset: state.start)
        }
    }

    /// The first record at or after a time, nil when there is none. May read the disk.
    package func offset(forTimestamp timestamp: Int64) throws(LogError) -> TimestampedOffset? { nil }

    /// The record with the highest timestamp, the first of them; nil in an empty log. May read the disk.
    package func offsetOfMaxTimestamp() throws(LogError) -> TimestampedOffset? { nil }

    /// Moves the log start up to `offset` (-1: the high watermark) and deletes segments that are wholly below.
    ///
    /// - Returns: The new log start offset, durable.
    package func deleteRecords(before offset: Int64) throws(LogError) -> Int64 {
        state.withLock { state in
            state.start = max(state.start, offset < 0 ? state.next : offset)
            return state.start
        }
    }

    /// Deletes segments past the retention time or size. `LogDirectory.maintain()` calls it.
    package func enforceRetention(now: Int64) {}

    func close() {}
}

/// A registered wait for data, for `PartitionLog.cancel(_:)`.
package struct ReadWait: Hashable, Sendable {
    let id: Int
}
