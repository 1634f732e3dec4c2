import Bytes
import Glibc
import KafkaProtocol

/// One round over one partition: learns the last offset of each key in the dirty part, then writes the segments anew
/// without what later records replace.
///
/// Appends and reads go on meanwhile; the partition's lock is held only to look at the list of segments and to put a new
/// one in.
struct CleaningRound {
    struct Source {
        let segment: Segment
        let part: CleanerView.Part
        let handle: FileHandle
    }

    struct Outcome: Equatable {
        /// Where the next round begins.
        let firstDirtyOffset: Int64
        let nextDeleteHorizon: Int64?
        var bytesBefore: Int64 = 0
        var bytesAfter: Int64 = 0
    }

    /// What the first pass finds.
    private struct Learned: ~Copyable {
        var keys: KeyOffsetMap
        /// Up to here all keys are known.
        var endOffset: Int64
        var hasTransactions = false
    }

    let log: PartitionLog
    let plan: CleanerPlan
    let settings: PartitionSettings
    let keyBytesMax: Int
    let now: Int64
    /// Called with the bytes that were read or written: waits to keep to the budget, throws to stop.
    let spend: (Int) throws(LogError) -> Void

    func run() throws(LogError) -> Outcome {
        let sources = try log.cleanerSources(before: plan.endOffset)
        guard let last = sources.last, last.part.endOffset >= plan.endOffset else { throw .closed }
        var outcomes = TransactionOutcomes()
        var end = plan.endOffset
        var learned = try learnKeys(sources, to: end, outcomes: nil)
        if learned.hasTransactions {
            outcomes = try learnOutcomes()
            if let open = outcomes.firstUndecided { end = min(end, open) }
            learned = try learnKeys(sources, to: end, outcomes: outcomes)
        }
        end = learned.endOffset
        let rules = Compaction.Rules(
            endOffset: end,
            firstDirtyOffset: plan.firstDirtyOffset,
            outcomes: outcomes,
            producers: log.liveProducers(),
            now: now,
            deleteRetentionMilliseconds: settings.deleteRetentionMilliseconds
        )
        return try rewrite(sources, Compaction(keys: learned.keys, rules: rules), to: end)
    }

    // MARK: - Learning

    /// The last offset of each key from the first dirty offset on, up to `end` or as far as they fit.
    private func learnKeys(
        _ sources: [Source],
        to end: Int64,
        outcomes: TransactionOutcomes?
    ) throws(LogError) -> Learned {
        let span = Int(clamping: max(0, end - plan.firstDirtyOffset))
        let capacity = min(span, KeyOffsetMap.keys(inBytes: keyBytesMax))
        var learned = Learned(keys: KeyOffsetMap(capacity: capacity), endOffset: max(end, plan.firstDirtyOffset))
        for source in sources where source.part.endOffset > plan.firstDirtyOffset {
            var walker = BatchWalker(source.handle, baseOffset: source.part.baseOffset, limit: source.part.byteCount)
            while let batch = try walker.next() {
                let header = batch.header
                try spend(batch.bytes.count)
                guard header.baseOffset >= plan.firstDirtyOffset else { continue }
                guard header.baseOffset < end, learn(batch, outcomes, &learned) else {
                    learned.endOffset = header.baseOffset
                    return learned
                }
            }
        }
        return learned
    }

    /// Takes the keys of a batch; false when there is no room for them.
    private func learn(_ batch: BatchWalker.Batch, _ outcomes: TransactionOutcomes?, _ learned: inout Learned) -> Bool {
        let header = batch.header
        let isTransactional = header.attributes.isTransactional
        learned.hasTransactions = learned.hasTransactions || isTransactional
        if header.attributes.isControl || header.recordCount == 0 { return true }
        if isTransactional, let outcomes,
            outcomes.isAborted(producerID: header.producerID, offset: header.baseOffset)
        {
            return true
        }
        if !learned.keys.hasRoom(for: Int(header.recordCount)) {
            guard learned.keys.count == 0 else { return false }
            // One batch with more keys than the memory is for: there must be a way past it.
            learned.keys = KeyOffsetMap(capacity: Self.recordCount(of: batch))
        }
        // What cannot be read stays in the log, so its keys do not matter.
        try? RecordBatch.forEachRecord(in: batch.bytes, header: header) { record in
            if let key = record.key { learned.keys.put(key, offset: record.offset) }
            return true
        }
        return true
    }

    private static func recordCount(of batch: BatchWalker.Batch) -> Int {
        var count = 0
        try? RecordBatch.forEachRecord(in: batch.bytes, header: batch.header) { _ in
            count += 1
            return true
        }
        return count
    }

    /// Which transactions were aborted, from the first dirty offset to the end of what is durable.
    private func learnOutcomes() throws(LogError) -> TransactionOutcomes {
        var outcomes = TransactionOutcomes()
        for source in try log.cleanerSources(before: .max) where source.part.endOffset > plan.firstDirtyOffset {
            var walker = BatchWalker(source.handle, baseOffset: source.part.baseOffset, limit: source.part.byteCount)
            while let batch = try walker.next() {
                try spend(batch.bytes.count)
                outcomes.note(batch.bytes, header: batch.header)
            }
        }
        return outcomes
    }

    // MARK: - Writing

    private func rewrite(
        _ sources: [Source],
        _ compaction: consuming Compaction,
        to end: Int64
    ) throws(LogError) -> Outcome {
        let touched = sources.filter { $0.part.baseOffset < end }
        let groups = CleanerPlan.groups(touched.map(\.part), segmentBytes: Int64(settings.segmentBytes))
        var before: Int64 = 0
        var after: Int64 = 0
        for group in groups {
            let run = Array(touched[group])
            before += run.reduce(0) { $0 + $1.part.byteCount }
            after += try rewrite(run, &compaction)
        }
        return Outcome(
            firstDirtyOffset: end,
            nextDeleteHorizon: compaction.nextDeleteHorizon,
            bytesBefore: before,
            bytesAfter: after
        )
    }

    /// Makes one segment of a run of them.
    ///
    /// - Returns: Its size.
    private func rewrite(_ run: [Source], _ compaction: inout Compaction) throws(LogError) -> Int64 {
        guard let first = run.first, let last = run.last else { return 0 }
        let path = SegmentSwap.cleanedPath(log.directory, baseOffset: first.part.baseOffset)
        var writer = CompactedSegmentWriter(
            path: path,
            baseOffset: first.part.baseOffset,
            indexInterval: settings.indexIntervalBytes,
            original: first.handle
        )
        do throws(LogError) {
            for source in run {
                if source.part.baseOffset > first.part.baseOffset { try writer.startWriting() }
                try copy(source, &writer, &compaction)
            }
            let droppedMarkers = compaction.takeDroppedMarkers()
            guard let scan = try writer.finish() else { return first.part.byteCount }
            let swap = SegmentSwap(
                directory: log.directory,
                baseOffset: first.part.baseOffset,
                endOffset: last.part.endOffset
            )
            let aborted = try log.abortedTransactions(of: run.map(\.segment))?
                .filter { !droppedMarkers.contains($0.lastOffset) }
            try log.replace(run.map(\.segment), with: scan, aborted: aborted, swap)
            return scan.end
        } catch {
            unlink(path)
            throw error
        }
    }

    private func copy(
        _ source: Source,
        _ writer: inout CompactedSegmentWriter,
        _ compaction: inout Compaction
    ) throws(LogError) {
        var walker = BatchWalker(source.handle, baseOffset: source.part.baseOffset, limit: source.part.byteCount)
        var replacement = ByteWriter(capacity: 4096)
        while let batch = try walker.next() {
            try spend(batch.bytes.count)
            let header = batch.header
            switch compaction.judge(batch.bytes, header: header) {
            case .keep: try writer.keep(batch.bytes, header: header)
            case .drop: try writer.drop(header)
            case .empty:
                var header = header
                // Its transaction has no records left, and its marker may go before it.
                header.attributes.rawValue &= ~RecordBatchAttributes.transactionalBit
                replacement.removeAll()
                RecordBatchFilter.encodeEmpty(header, into: &replacement)
                try replace(with: replacement.bytes, &writer)
            case .rewrite(let horizon):
                replacement.removeAll()
                do throws(RecordBatchError) {
                    try compaction.encode(header, deleteHorizon: horizon, into: &replacement)
                } catch {
                    throw .corruptBatch(reason: "offset \(header.baseOffset) cannot be compacted: \(error)")
                }
                try replace(with: replacement.bytes, &writer)
            }
            if writer.hasChanged { try spend(batch.bytes.count) }
        }
        guard walker.nextOffset == source.part.endOffset else {
            throw .corruptLog(
                file: source.handle.path,
                position: walker.position,
                reason: "the segment ends at offset \(walker.nextOffset), must end at \(source.part.endOffset)"
            )
        }
    }

    private func replace(
        with batch: UnsafeRawBufferPointer,
        _ writer: inout CompactedSegmentWriter
    ) throws(LogError) {
        guard let header = try? RecordBatchHeader(batch) else { preconditionFailure("we encoded it ourselves") }
        try writer.replace(with: batch, header: header)
    }
}
