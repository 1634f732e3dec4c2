import Glibc
import KafkaProtocol

extension PartitionLog {
    /// What the cleaner has to know to decide about this partition; nil when there is nothing for it.
    func cleanerView(firstDirtyOffset: Int64, nextDeleteHorizon: Int64?, now: Int64) -> CleanerView? {
        lock.withLock {
            guard settings.isCompacted, stopped == nil, !isClosed, !segments.contains(where: \.isHeld) else {
                return nil
            }
            rollIfOverdue(now: now)
            let finished = segments.prefix { $0.isSealed && $0 !== active }
            guard !finished.isEmpty else { return nil }
            return CleanerView(
                parts: finished.map(part),
                lastStableOffset: lastStableOffset,
                settings: settings,
                firstDirtyOffset: firstDirtyOffset,
                nextDeleteHorizon: nextDeleteHorizon
            )
        }
    }

    /// The active segment is never cleaned, so it must end for `max.compaction.lag.ms` to hold.
    private func rollIfOverdue(now: Int64) {
        let segment = active
        guard settings.maxCompactionLagMilliseconds < .max, segment.size > 0, segment.written == segment.size,
            now - segment.firstAppendMilliseconds >= settings.maxCompactionLagMilliseconds
        else { return }
        roll()
        active.mustExist = true
        enqueue()
    }

    private func part(_ segment: Segment) -> CleanerView.Part {
        CleanerView.Part(
            baseOffset: segment.baseOffset,
            endOffset: min(endOffset(of: segment), max(highWatermark, segment.baseOffset)),
            byteCount: segment.written,
            maxTimestamp: segment.writtenMaxTimestamp
        )
    }

    /// Opens the segments that begin below an offset; the active one only for `.max`, as far as it is durable.
    func cleanerSources(before offset: Int64) throws(LogError) -> [CleaningRound.Source] {
        try lock.withLock { () throws(LogError) in
            if isClosed { throw .closed }
            var sources: [CleaningRound.Source] = []
            for segment in segments where segment.baseOffset < offset && segment.written > 0 {
                guard offset == .max || segment.isSealed && segment !== active else { break }
                let handle = try FileHandle(path: segment.logPath, flags: O_RDONLY)
                sources.append(CleaningRound.Source(segment: segment, part: part(segment), handle: handle))
            }
            return sources
        }
    }

    /// The last batch of each producer that may still write.
    func liveProducers() -> [Int64: Compaction.LiveProducer] {
        lock.withLock {
            producers.entries.mapValues {
                Compaction.LiveProducer(epoch: $0.epoch, lastOffset: $0.batches.last?.lastOffset)
            }
        }
    }

    /// The time of the segment in which an offset lies, as its first batch tells it; nil when it cannot be told.
    func firstTimestamp(from offset: Int64) -> Int64? {
        let handle = lock.withLock {
            try? FileHandle(path: segment(containing: offset)?.logPath ?? "", flags: O_RDONLY)
        }
        var bytes = [UInt8](repeating: 0, count: RecordBatchHeader.byteCount)
        guard let handle, (try? handle.read(into: &bytes, at: 0)) == bytes.count else { return nil }
        return bytes.withUnsafeBytes { (try? RecordBatchHeader($0))?.maxTimestamp }
    }

    /// Does one round; the caller sees to it that only one runs on a partition at a time.
    func clean(
        _ plan: CleanerPlan,
        keyBytesMax: Int,
        now: Int64,
        spend: (Int) throws(LogError) -> Void
    ) throws(LogError) -> CleaningRound.Outcome {
        let settings = try lock.withLock { () throws(LogError) in
            if isClosed { throw .closed }
            isBeingCleaned = true
            return self.settings
        }
        defer {
            lock.withLock {
                isBeingCleaned = false
                if isClosed { lock.broadcast() }
            }
        }
        return try withoutActuallyEscaping(spend) { spend throws(LogError) in
            let round = CleaningRound(
                log: self,
                plan: plan,
                settings: settings,
                keyBytesMax: keyBytesMax,
                now: now,
                spend: { [self] bytes throws(LogError) in
                    if lock.withLock({ isClosed }) { throw .closed }
                    try spend(bytes)
                }
            )
            return try round.run()
        }
    }

    /// Puts a complete and synced segment in the place of others.
    ///
    /// Readers go over to it when it is durably decided on; those that have an old file open read on in it.
    /// `aborted`: Of the transactions whose markers are left; nil when there were never any.
    func replace(
        _ old: [Segment],
        with scan: SegmentScan.Result,
        aborted: [AbortedTransaction]?,
        _ swap: SegmentSwap
    ) throws(LogError) {
        let segment = Segment(directory: directory, baseOffset: swap.baseOffset)
        segment.adopt(size: scan.end, fileSize: scan.end, maxTimestamp: scan.maxTimestamp)
        segment.writtenMaxTimestamp = scan.maxTimestamp
        segment.index = SegmentIndex(entries: scan.entries, timeEntries: scan.timeEntries)
        segment.isRolled = true
        segment.isSealed = true
        segment.swapPath = swap.swapPath
        segment.isHeld = true
        try hold(old)
        do throws(LogError) {
            if let aborted {
                segment.aborted = AbortedIndex(aborted, isStored: true)
                try FileSystem.replace(swap.abortedSwapPath, with: AbortedIndex.encode(aborted), directory: directory)
            }
            try SegmentSwap.perform(swap.decision, in: directory)
        } catch {
            lock.withLock { for segment in old { segment.isHeld = false } }
            throw error
        }
        lock.withLock {
            guard let first = segments.firstIndex(where: { $0 === old[0] }) else { return }
            segments.replaceSubrange(first..<(first + old.count), with: [segment])
            chunks.removeAll { chunk in old.contains { $0 === chunk.segment } }
            for replaced in old { replaced.closeFiles() }
        }
        let names = try FileSystem.names(in: directory)
        try indexLock.withLock { () throws(LogError) in
            try SegmentSwap.perform(swap.removal(names), in: directory)
        }
        let placing = swap.placing(hasAborted: aborted != nil)
        try lock.withLock { () throws(LogError) in
            try SegmentSwap.perform(Array(placing.dropLast()), in: directory)
            segment.swapPath = nil
        }
        try SegmentSwap.perform(placing.suffix(1), in: directory)
        storeIndex(of: segment)
        lock.withLock { segment.isHeld = false }
    }

    /// The aborted transactions whose markers lie in some segments; nil when none of these has the file.
    func abortedTransactions(of some: [Segment]) throws(LogError) -> [AbortedTransaction]? {
        var all: [AbortedTransaction] = []
        var hasFile = false
        for segment in some {
            if lock.withLock({ segment.aborted.stored == nil }) { try loadAborted(of: segment) }
            all += lock.withLock { (segment.aborted.stored ?? []) + segment.aborted.fresh }
            hasFile = hasFile || FileSystem.exists(segment.abortedIndexPath)
        }
        return hasFile || !all.isEmpty ? all : nil
    }

    /// Sees to it that retention leaves segments alone; throws when it took one already.
    private func hold(_ old: [Segment]) throws(LogError) {
        try lock.withLock { () throws(LogError) in
            if let stopped { throw stopped }
            guard !isClosed, let first = segments.firstIndex(where: { $0 === old[0] }),
                first + old.count < segments.count,
                zip(segments[first...], old).allSatisfy({ $0 === $1 })
            else { throw .closed }
            for segment in old { segment.isHeld = true }
        }
    }
}
