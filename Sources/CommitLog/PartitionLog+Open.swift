import Clocks
import Glibc
import KafkaProtocol

/// What the directory remembers of a partition from earlier.
struct PartitionMemory {
    /// The end offset and the size of the last segment, when the last process closed it in order.
    var cleanEnd: (offset: Int64, byteCount: Int64)?
    /// Everything below was synced.
    var recoveryPoint: Int64?
    /// There were no idempotent producers at the recovery point.
    var hadNoProducers = false
    var logStartOffset: Int64?
}

extension PartitionLog {
    /// Finds the partition's files and brings them into order.
    ///
    /// Damage below the recovery point stops the partition.
    func load(_ memory: PartitionMemory) throws(LogError) {
        do throws(LogError) {
            try loadFiles(memory)
        } catch .corruptLog(let file, let position, let reason) {
            let error = LogError.corruptLog(file: file, position: position, reason: reason)
            report(.error, "stopped, synced data is damaged: \(error); restore the file or remove the partition")
            stopped = .partitionStopped(reason: "\(error)")
            isUnreadable = true
            segments = [Segment(directory: directory, baseOffset: 0)]
        } catch {
            throw error
        }
    }

    private func loadFiles(_ memory: PartitionMemory) throws(LogError) {
        directoryExists = FileSystem.isDirectory(directory)
        var names = directoryExists ? try FileSystem.names(in: directory) : []
        if try SegmentSwap.recover(directory, names: names) { names = try FileSystem.names(in: directory) }
        let bases = names.compactMap { Self.baseOffset(ofLog: $0) }.sorted()
        guard let first = bases.first else {
            guard (memory.recoveryPoint ?? 0) == 0 else {
                throw .corruptLog(
                    file: directory,
                    position: 0,
                    reason: "the segments are gone, the log went up to offset \(memory.recoveryPoint ?? 0)"
                )
            }
            segments = [Segment(directory: directory, baseOffset: 0)]
            return
        }
        // Left by a deletion that was interrupted.
        for name in names where name.hasSuffix("index") {
            guard let digits = name.split(separator: ".").first, let base = Int64(digits), !bases.contains(base) else {
                continue
            }
            try FileSystem.removeFile("\(directory)/\(name)")
        }
        var sizes: [Int64] = []
        for base in bases {
            let segment = Segment(directory: directory, baseOffset: base)
            segments.append(segment)
            sizes.append(try FileSystem.byteCount(of: segment.logPath) ?? 0)
        }
        if let clean = memory.cleanEnd, let size = sizes.last, size == clean.byteCount,
            active.baseOffset <= clean.offset
        {
            for (segment, size) in zip(segments, sizes) { try adopt(segment, size: size) }
            endOffset = clean.offset
        } else {
            try recover(sizes: sizes, recoveryPoint: memory.recoveryPoint ?? first)
        }
        for segment in segments.dropLast() {
            segment.isRolled = true
            segment.isSealed = true
        }
        for segment in segments {
            if segment.index.isUnstored { storeIndex(of: segment) }
            segment.closeFiles()
        }
        let indexed = Set(names.filter { $0.hasSuffix(".txnindex") })
        for segment in segments where indexed.contains("\(Segment.name(segment.baseOffset)).txnindex") {
            segment.aborted = .inFile
        }
        highWatermark = endOffset
        logStartOffset = min(max(memory.logStartOffset ?? 0, segments[0].baseOffset), endOffset)
        active.firstAppendMilliseconds = services.clock.wallMilliseconds
        checkpointedOffset = endOffset
        try loadProducers(names: names, memory)
    }

    static func baseOffset(ofLog name: String) -> Int64? {
        guard name.hasSuffix(".log"), name.utf8.count == 24 else { return nil }
        return Int64(name.dropLast(4))
    }

    /// Trusts a segment's files as they are; its index is read when it is needed.
    private func adopt(_ segment: Segment, size: Int64) throws(LogError) {
        segment.adopt(size: size, fileSize: size, maxTimestamp: -1)
        guard size > 0 else { return }
        guard let times = try SegmentIndex.lastTimestamp(inFile: segment.timeIndexPath),
            let entries = try FileSystem.byteCount(of: segment.indexPath)
        else { return try loadIndexAgain(segment) }
        segment.maxTimestamp = times.timestamp
        segment.writtenMaxTimestamp = times.timestamp
        segment.index = SegmentIndex(
            storedCount: Int(entries) / SegmentIndex.entryByteCount,
            storedTimeCount: times.count,
            latestTimestamp: times.timestamp
        )
    }

    private func loadIndexAgain(_ segment: Segment) throws(LogError) {
        let scan = try SegmentScan(
            handle: try segment.reader(),
            baseOffset: segment.baseOffset,
            indexInterval: settings.indexIntervalBytes
        ).run(limit: segment.size)
        segment.replaceIndex(with: scan)
    }

    /// Remembers idempotent producers: from the newest snapshot, and from the batches behind it.
    private func loadProducers(names: [String], _ memory: PartitionMemory) throws(LogError) {
        var from = logStartOffset
        for name in names.filter({ $0.hasSuffix(".snapshot") }).sorted().reversed() {
            guard let offset = Int64(name.dropLast(9)), offset <= endOffset,
                let bytes = try FileSystem.contents(of: "\(directory)/\(name)"),
                let table = ProducerSnapshot.decode(bytes)
            else {
                try FileSystem.removeFile("\(directory)/\(name)")
                continue
            }
            producers = table
            from = offset
            snapshotOffset = offset
            break
        }
        if memory.hadNoProducers, let point = memory.recoveryPoint, point > from {
            producers = ProducerTable()
            from = point
        }
        for open in producers.openTransactions { transactions.begin(open.producerID, at: open.firstOffset) }
        publishTransactions()
        if memory.cleanEnd == nil { try dropAborted(of: active, endingAt: endOffset) }
        // After an orderly stop a log without a snapshot had no producers to remember.
        guard from < endOffset, memory.cleanEnd == nil || snapshotOffset >= 0 else { return }
        for segment in segments where endOffset(of: segment) > from {
            if segment.index.mustLoad(for: UInt32(clamping: max(0, from - segment.baseOffset))) {
                try loadIndex(of: segment)
            }
            let entry = segment.index.floor(UInt32(clamping: max(0, from - segment.baseOffset)))
            let scan = SegmentScan(handle: try segment.reader(), baseOffset: segment.baseOffset, indexInterval: .max)
            let (now, isRecompressed) = (services.clock.wallMilliseconds, settings.compression != nil)
            try dropAborted(of: segment, endingAt: from)
            _ = try scan.run(from: Int64(entry?.position ?? 0), limit: segment.size) { header, marker in
                guard header.hasProducerID, header.baseOffset >= from else { return }
                let transition = producers.replay(header, marker: marker, now: now, isRecompressed: isRecompressed)
                transactions.note(transition, of: header)
            }
            segment.aborted.append(transactions.settle(below: .max))
            segment.closeFiles()
        }
        publishTransactions()
    }

    /// Forgets aborted transactions that the batches from an offset on will tell again, or that a power cut took.
    private func dropAborted(of segment: Segment, endingAt offset: Int64) throws(LogError) {
        if segment.aborted.stored == nil { try loadAborted(of: segment) }
        let all = (segment.aborted.stored ?? []) + segment.aborted.fresh
        let kept = all.filter { $0.lastOffset < offset }
        guard kept.count < all.count else { return }
        segment.aborted = AbortedIndex(kept, isStored: false)
        // At once: what is appended next may get the offsets that the file speaks of.
        if kept.isEmpty {
            try FileSystem.removeFile(segment.abortedIndexPath)
            try FileSystem.syncDirectory(directory)
            segment.aborted = AbortedIndex()
        } else {
            try storeAborted(of: segment)
        }
    }
}

extension Segment {
    /// Takes the index that a scan of the whole segment made; the files are written when the segment is next stored.
    func replaceIndex(with scan: SegmentScan.Result) {
        unlink(indexPath)
        unlink(timeIndexPath)
        index = SegmentIndex(entries: scan.entries, timeEntries: scan.timeEntries)
        maxTimestamp = scan.maxTimestamp
        writtenMaxTimestamp = scan.maxTimestamp
    }
}
