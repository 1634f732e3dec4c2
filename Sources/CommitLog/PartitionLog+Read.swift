import Bytes
import Glibc
import KafkaProtocol
import Synchronization

/// Where to look for an offset in a file.
private struct FilePlace {
    let handle: FileHandle
    /// Reads go past the page cache.
    let isDirect: Bool
    let position: Int64
    /// The base offset of the batch at `position`.
    let nextOffset: Int64
    /// The first byte that readers may not see.
    let limit: Int64
    /// The offset that readers may not pass.
    let end: Int64
    let segment: Segment
}

extension PartitionLog {
    /// The most that one read takes from a file, whatever was asked; callers read again.
    private static let maximumFileReadBytes = 4 << 20
    /// Segments whose whole index may be in memory, in one partition; an index of a full segment takes some 4 MiB.
    private static let loadedIndexLimit = 4

    /// Reads whole batches below the high watermark, or the last stable offset, beginning with the one that contains
    /// `offset`.
    ///
    /// At least one batch is returned even when it is larger than `maxBytes`; nothing when `offset` is at the end.
    /// Fewer bytes than asked and there may be returned, as at the end of a segment.
    /// - Throws: `.offsetOutOfRange` below the log start or above the high watermark; `.corruptLog` when the disk returns
    ///   bytes that fail their checksum.
    package func read(
        from offset: Int64,
        maxBytes: Int,
        isolation: ReadIsolation = .uncommitted
    ) throws(LogError) -> LogRead {
        let limit = max(0, maxBytes)
        while true {
            let step = try lock.withLock { () throws(LogError) in
                try readLocked(from: offset, maxBytes: limit, isolation)
            }
            switch step {
            case .done(let read): return try naming(read, from: offset, isolation)
            case .mustLoadIndex(let segment): try loadIndex(of: segment)
            case .onDisk: preconditionFailure("files may be opened here")
            case .inFile(let place):
                do throws(LogError) {
                    return try naming(try readFile(place, from: offset, maxBytes: limit), from: offset, isolation)
                } catch .input(_, _, code: EINVAL) where place.isDirect {
                    lock.withLock { place.segment.refuseDirectReads() }
                } catch {
                    throw error
                }
            }
        }
    }

    /// Adds the aborted transactions that have records in what was read.
    private func naming(
        _ read: LogRead,
        from offset: Int64,
        _ isolation: ReadIsolation
    ) throws(LogError) -> LogRead {
        guard isolation == .committed, !read.isEmpty else { return read }
        var read = read
        while true {
            switch lock.withLock({ abortedTransactions(from: offset, to: read.nextOffset) }) {
            case .found(let aborted):
                read.abortedTransactions = aborted
                return read
            case .mustLoad(let segment): try loadAborted(of: segment)
            }
        }
    }

    /// What is in memory; nil when the disk must be asked.
    func readMemory(from offset: Int64, maxBytes: Int, _ isolation: ReadIsolation) throws(LogError) -> LogRead? {
        try lock.withLock { () throws(LogError) -> LogRead? in
            let step = try readLocked(from: offset, maxBytes: max(0, maxBytes), isolation, opensFiles: false)
            guard case .done(var read) = step else { return nil }
            guard isolation == .committed, !read.isEmpty else { return read }
            guard case .found(let aborted) = abortedTransactions(from: offset, to: read.nextOffset) else { return nil }
            read.abortedTransactions = aborted
            return read
        }
    }

    private enum Step {
        case done(LogRead)
        case mustLoadIndex(Segment)
        case inFile(FilePlace)
        /// In a file that the caller does not want opened.
        case onDisk
    }

    private func readLocked(
        from offset: Int64,
        maxBytes: Int,
        _ isolation: ReadIsolation,
        opensFiles: Bool = true
    ) throws(LogError) -> Step {
        if let stopped, isUnreadable { throw stopped }
        if isClosed { throw .closed }
        guard offset >= logStartOffset, offset <= highWatermark else {
            throw .offsetOutOfRange(offset: offset, logStartOffset: logStartOffset, highWatermark: highWatermark)
        }
        let end = readableEnd(isolation)
        guard offset < end, let segment = segment(containing: offset) else { return .done(answer([], offset)) }
        let relative = UInt32(clamping: offset - segment.baseOffset)
        if segment.index.mustLoad(for: relative) { return .mustLoadIndex(segment) }
        let entry = segment.index.floor(relative)
        let position = Int64(entry?.position ?? 0)
        let cursor = ChunkCursor(chunks: chunks, segment: segment)
        guard let cursor, position >= cursor.start else {
            guard opensFiles else { return .onDisk }
            // What was written past the page cache is not in it: filling it costs ten times the CPU time of a direct
            // read. With the other flush policies it is there, and a direct read would have to wait for it to be written.
            let wantsDirect = settings.flush == .always && services.settings.usesDirectIO
            let direct = wantsDirect ? try segment.directReader() : nil
            let handle = if let direct { direct } else { try segment.reader() }
            return .inFile(
                FilePlace(
                    handle: handle,
                    isDirect: direct != nil,
                    position: position,
                    nextOffset: segment.baseOffset + Int64(entry?.relativeOffset ?? 0),
                    limit: segment.written,
                    end: end,
                    segment: segment
                )
            )
        }
        return .done(readMemory(cursor, position, segment, from: offset, below: end, maxBytes: maxBytes))
    }

    /// The segment in which an offset below the high watermark lies.
    ///
    /// Call it with the lock held.
    func segment(containing offset: Int64) -> Segment? {
        segments.last { $0.baseOffset <= offset } ?? segments.first
    }

    private func readMemory(
        _ cursor: ChunkCursor,
        _ position: Int64,
        _ segment: Segment,
        from offset: Int64,
        below endOffset: Int64,
        maxBytes: Int
    ) -> LogRead {
        var limit = segment.written
        var start = position
        while start < limit, let bounds = cursor.bounds(at: start), bounds.lastOffset < offset {
            start += Int64(bounds.byteCount)
        }
        if endOffset < highWatermark { limit = self.position(of: endOffset, in: segment, cursor, from: start) }
        guard start < limit else { return answer([], offset) }
        var end = start
        let target = start + Int64(maxBytes)
        if target >= limit {
            end = limit
        } else {
            if let entry = segment.index.floor(position: target) { end = max(start, Int64(entry.position)) }
            while end < limit, let bounds = cursor.bounds(at: end) {
                let next = end + Int64(bounds.byteCount)
                if next > target && end > start { break }
                end = next
                if next >= target { break }
            }
        }
        services.statistics.readMemoryBytes.wrappingAdd(Int(end - start), ordering: .relaxed)
        let next = end < segment.written ? cursor.bounds(at: end)?.baseOffset : nil
        let nextOffset = next ?? min(self.endOffset(of: segment), highWatermark)
        return answer(cursor.slices(from: start, to: end), nextOffset)
    }

    /// Where the first batch at or above an offset begins; the end of what is written when the segment ends below.
    private func position(of offset: Int64, in segment: Segment, _ cursor: ChunkCursor, from start: Int64) -> Int64 {
        guard offset > segment.baseOffset else { return 0 }
        let entry = segment.index.floor(UInt32(clamping: offset - segment.baseOffset))
        var position = max(start, Int64(entry?.position ?? 0))
        while position < segment.written, let bounds = cursor.bounds(at: position), bounds.baseOffset < offset {
            position += Int64(bounds.byteCount)
        }
        return position
    }

    private func readFile(_ place: FilePlace, from offset: Int64, maxBytes: Int) throws(LogError) -> LogRead {
        do throws(LogError) {
            return try readBatches(place, from: offset, maxBytes: maxBytes)
        } catch {
            if case .corruptLog(let file, let position, _) = error { reportDamage("\(file):\(position)", error) }
            throw error
        }
    }

    /// Tells the operator of damage where it is met, each place once: its readers come again and again.
    private func reportDamage(_ place: String, _ error: LogError) {
        let isNew = lock.withLock { reportedDamage.count < 1000 && reportedDamage.insert(place).inserted }
        if isNew { report(.error, "\(error); readers are refused there; restore the file or remove the partition") }
    }

    private func readBatches(_ place: FilePlace, from offset: Int64, maxBytes: Int) throws(LogError) -> LogRead {
        var reader = BatchFileReader(
            place.handle,
            isDirect: place.isDirect,
            pool: services.reads,
            position: place.position,
            nextOffset: place.nextOffset,
            limit: place.limit,
            endOffset: place.end
        )
        let wanted = min(maxBytes, Self.maximumFileReadBytes)
        let result: BatchFileReader.Batches
        do throws(LogError) {
            result = try reader.batches(containing: offset, maxBytes: wanted)
        } catch .corruptLog where place.position > 0 {
            // Perhaps only the index is wrong: it is a cache, so look again from the beginning of the segment.
            reader = BatchFileReader(
                place.handle,
                isDirect: place.isDirect,
                pool: services.reads,
                position: 0,
                nextOffset: place.segment.baseOffset,
                limit: place.limit,
                endOffset: place.end
            )
            result = try reader.batches(containing: offset, maxBytes: wanted)
        } catch {
            throw error
        }
        services.statistics.readFileBytes.wrappingAdd(result.byteCount, ordering: .relaxed)
        let slices = result.byteCount > 0 ? [result.slice] : []
        return lock.withLock { answer(slices, result.nextOffset) }
    }

    private func answer(_ slices: [LogSlice], _ nextOffset: Int64) -> LogRead {
        LogRead(
            slices: slices,
            byteCount: slices.reduce(0) { $0 + $1.bytes.count },
            nextOffset: nextOffset,
            highWatermark: highWatermark,
            lastStableOffset: lastStableOffset,
            logStartOffset: logStartOffset
        )
    }

    /// Reads a segment's stored index entries back, or makes them again from the segment.
    func loadIndex(of segment: Segment) throws(LogError) {
        try indexLock.withLock { () throws(LogError) in try loadIndexLocked(segment) }
    }

    private func loadIndexLocked(_ segment: Segment) throws(LogError) {
        let (limit, stored, isThere) = lock.withLock {
            (segment.written, segment.index.storedCount, segments.contains { $0 === segment })
        }
        // Removed or replaced meanwhile: its files are another's now, and the caller looks again.
        guard isThere else { return }
        var loaded = try SegmentIndex.load(
            indexPath: segment.indexPath,
            timePath: segment.timeIndexPath,
            segmentByteCount: limit
        )
        if loaded == nil || loaded?.entries.count ?? 0 < stored {
            let handle = try lock.withLock { () throws(LogError) in try segment.reader() }
            let interval = lock.withLock { settings.indexIntervalBytes }
            let scan = try SegmentScan(handle: handle, baseOffset: segment.baseOffset, indexInterval: interval)
                .run(limit: limit)
            report(.warning, "index of \(segment.logPath) was damaged and is made again")
            loaded = SegmentIndex.Loaded(entries: scan.entries, timeEntries: scan.timeEntries)
        }
        lock.withLock {
            segment.index.loaded = loaded
            let others = segments.filter { $0 !== segment && $0.index.loaded != nil }
            guard others.count >= Self.loadedIndexLimit else { return }
            for other in others { other.index.loaded = nil }
        }
    }

    /// Drops the oldest chunk if it is this one and on disk; true when nothing keeps it any longer.
    func evict(_ chunk: LogChunk) -> Bool {
        lock.withLock {
            guard let index = chunks.firstIndex(where: { $0 === chunk }) else { return true }
            guard index == 0, chunk.end <= chunk.segment.written, chunks.count > 1 else { return false }
            chunks.removeFirst()
            return true
        }
    }
}

/// Walks the batches of one segment that are in memory.
private struct ChunkCursor {
    private let chunks: ArraySlice<LogChunk>
    /// The first position in memory.
    let start: Int64

    init?(chunks: [LogChunk], segment: Segment) {
        let base = segment.baseOffset
        let first = chunks.sortedIndex { $0.segment.baseOffset >= base }
        guard first < chunks.count, chunks[first].segment === segment else { return nil }
        let end = chunks.sortedIndex { $0.segment.baseOffset > base }
        self.chunks = chunks[first..<end]
        start = chunks[first].validFrom
    }

    struct Bounds {
        let byteCount: Int
        let baseOffset: Int64
        let lastOffset: Int64
    }

    /// The size and last offset of the batch at a position; nil when it is not whole in memory.
    func bounds(at position: Int64) -> Bounds? {
        guard let index = index(at: position) else { return nil }
        let chunk = chunks[index]
        let count = RecordBatchHeader.byteCount
        if position + Int64(count) <= chunk.end {
            return bounds(UnsafeRawBufferPointer(start: chunk.pointer(at: position), count: count))
        }
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { header in
            var done = 0
            for slice in slices(from: position, to: position + Int64(count)) {
                UnsafeMutableRawBufferPointer(rebasing: header[done...]).copyMemory(from: slice.bytes)
                done += slice.bytes.count
            }
            return done == count ? bounds(UnsafeRawBufferPointer(header)) : nil
        }
    }

    private func bounds(_ bytes: UnsafeRawBufferPointer) -> Bounds? {
        guard let header = try? RecordBatchHeader(bytes) else { return nil }
        return Bounds(byteCount: header.totalByteCount, baseOffset: header.baseOffset, lastOffset: header.lastOffset)
    }

    func slices(from start: Int64, to end: Int64) -> [LogSlice] {
        guard var index = index(at: start) else { return [] }
        var slices: [LogSlice] = []
        var position = start
        while position < end, index < chunks.endIndex {
            let chunk = chunks[index]
            let stop = min(end, chunk.end)
            guard stop > position else { break }
            let bytes = UnsafeRawBufferPointer(start: chunk.pointer(at: position), count: Int(stop - position))
            slices.append(LogSlice(owner: chunk, bytes: bytes))
            position = stop
            index += 1
        }
        return slices
    }

    private func index(at position: Int64) -> Int? {
        let found = chunks.sortedIndex { $0.end > position }
        guard found < chunks.endIndex, chunks[found].validFrom <= position else { return nil }
        return found
    }
}
