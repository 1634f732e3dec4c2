import Glibc
import KafkaProtocol
import Telemetry

extension PartitionLog {
    /// Finishes the files of a segment that takes no more appends: cut to its size, synced, indexes and producers written.
    ///
    /// `isSynced` says that every write was durable when it returned.
    func seal(_ segment: Segment, isSynced: Bool) throws(LogError) {
        let handle = try segment.writer(direct: false).handle
        try handle.truncate(to: segment.size)
        if !isSynced { try handle.sync() }
        storeIndex(of: segment)
        // Its last markers are on disk now and become known as durable when this returns; nothing after this may fail.
        try storeAborted(of: segment, unsettled: lock.withLock { transactions.aborted(below: endOffset(of: segment)) })
        let producers = lock.withLock { segment.producersAtRoll }
        if let producers { storeProducers(producers, offset: lock.withLock { segmentAfter(segment)?.baseOffset }) }
    }

    private func segmentAfter(_ segment: Segment) -> Segment? {
        guard let index = segments.firstIndex(where: { $0 === segment }), index + 1 < segments.count else { return nil }
        return segments[index + 1]
    }

    /// Writes the index entries that are only in memory and lie below what is written.
    ///
    /// The files are caches: when they cannot be written, the entries stay in memory.
    func storeIndex(of segment: Segment) {
        indexLock.withLock { storeIndexLocked(segment) }
    }

    private func storeIndexLocked(_ segment: Segment) {
        let (entries, times, stored, storedTimes) = lock.withLock {
            if segment.written == segment.size {
                if segment.size > 0, segment.isRolled || isClosed {
                    segment.index.appendTime(
                        SegmentIndex.TimeEntry(
                            timestamp: segment.maxTimestamp,
                            relativeOffset: UInt32(clamping: endOffset(of: segment) - 1 - segment.baseOffset)
                        )
                    )
                }
            }
            let entries = segment.index.entries.prefix { Int64($0.position) < segment.written }
            let limit = entries.last?.relativeOffset ?? 0
            let isWhole = segment.written == segment.size
            let times = segment.index.timeEntries.prefix { isWhole || $0.relativeOffset <= limit }
            return (entries, times, segment.index.storedCount, segment.index.storedTimeCount)
        }
        // A partition without a record has no folder yet.
        if entries.isEmpty, times.isEmpty { return }
        do throws(LogError) {
            try SegmentIndex.store(entries, in: segment.indexPath, after: stored)
            try SegmentIndex.store(times, in: segment.timeIndexPath, after: storedTimes)
        } catch {
            // Half an index would be taken for a whole one after a restart.
            unlink(segment.indexPath)
            unlink(segment.timeIndexPath)
            return report(.warning, "index not written, it stays in memory: \(error)")
        }
        lock.withLock { segment.index.markStored(entries: entries.count, timeEntries: times.count) }
    }

    /// The offset behind the last record of a segment.
    ///
    /// Call it with the lock held.
    func endOffset(of segment: Segment) -> Int64 { segmentAfter(segment)?.baseOffset ?? endOffset }

    /// Writes what is known of the producers below an offset and deletes older snapshots but one.
    func storeProducers(_ table: ProducerTable, offset: Int64?) {
        guard let offset else { return }
        do throws(LogError) {
            let path = "\(directory)/\(Segment.name(offset)).snapshot"
            let bytes = ProducerSnapshot.encode(table)
            let handle = try FileHandle(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC)
            try handle.write(bytes, at: 0)
            lock.withLock {
                snapshotOffset = offset
                bytesSinceSnapshot = 0
            }
            for name in try snapshotNames().dropLast(2) { try FileSystem.removeFile("\(directory)/\(name)") }
        } catch {
            report(.warning, "producer snapshot not written, the next start reads more of the log: \(error)")
        }
    }

    /// Names of the snapshot files, oldest first.
    func snapshotNames() throws(LogError) -> [String] {
        try FileSystem.names(in: directory).filter { $0.hasSuffix(".snapshot") }.sorted()
    }

    /// Sees to it that a topic flushed at intervals is synced in time.
    ///
    /// Call it with the lock held.
    func scheduleSync(_ flush: FlushPolicy) {
        guard case .interval(let milliseconds) = flush, !isSyncScheduled else { return }
        isSyncScheduled = true
        services.writers.submit(IntervalSync(log: self), afterMilliseconds: milliseconds)
    }

    /// Syncs what is written of the active segment; a failure stops the partition.
    func syncWritten() {
        let (segment, end) = lock.withLock {
            isSyncScheduled = false
            return (active, active.written)
        }
        guard end > segment.synced else { return }
        do throws(LogError) {
            let began = monotonicNanoseconds()
            try lock.withLock { () throws(LogError) in try segment.reader() }.sync()
            services.statistics.syncSeconds.observe(nanoseconds: Int64(monotonicNanoseconds() - began))
            lock.withLock { segment.synced = max(segment.synced, end) }
        } catch {
            // The pages are marked clean although they may be lost: trying again would hide it.
            let due = lock.withLock {
                stopped = .partitionStopped(reason: "\(error)")
                return takeAllWaits(error: .partitionStopped(reason: "\(error)"), readers: true)
            }
            report(.error, "stopped, a sync failed: \(error)")
            due.call()
        }
    }

    /// Writes index entries and, from time to time, producers, so that a start after a crash reads little.
    ///
    /// - Returns: The recovery point: everything below is synced; and whether there were no producers to remember then.
    ///   nil when it has not moved.
    func checkpoint() -> (offset: Int64, hasNoProducers: Bool)? {
        let (segment, point, table) = lock.withLock { () -> (Segment, Int64, ProducerTable?) in
            guard stopped == nil, !isClosed else { return (active, -1, nil) }
            let point = recoveryPoint()
            return (active, point, point == highWatermark ? settledProducers() : nil)
        }
        guard point >= 0, point != checkpointedOffset else { return nil }
        storeIndex(of: segment)
        do throws(LogError) {
            try storeAborted(of: segment)
        } catch {
            report(.warning, "aborted transactions not written, the next start reads more of the log: \(error)")
            return nil
        }
        if let table, !table.entries.isEmpty, lock.withLock({ bytesSinceSnapshot >= Self.snapshotBytes }) {
            storeProducers(table, offset: point)
        }
        lock.withLock { checkpointedOffset = point }
        return (point, table?.entries.isEmpty ?? false)
    }

    /// After so many bytes the producers are written again: what a start has to read to know them.
    private static let snapshotBytes: Int64 = 32 << 20

    /// The offset below which everything is synced.
    ///
    /// Call it with the lock held.
    private func recoveryPoint() -> Int64 {
        if active.synced == active.written { return highWatermark }
        let relative = active.index.floor(position: active.synced)?.relativeOffset ?? 0
        return active.baseOffset + Int64(relative)
    }

    /// The producers as of the high watermark, without batches that are not written yet.
    private func settledProducers() -> ProducerTable {
        var table = producers
        for entry in undo.reversed() where entry.offset >= highWatermark {
            table.restore(entry.producerID, to: entry.entry)
        }
        return table
    }
}

/// A sync that is due later.
private final class IntervalSync: DiskWork {
    private let log: PartitionLog

    init(log: PartitionLog) { self.log = log }

    func writePending(_ scratch: WriterScratch) { log.syncWritten() }
}
