import CLinux
import Glibc
import KafkaProtocol
import Synchronization
import Telemetry

/// One write to one segment, decided under the lock and carried out without it.
private struct WriteJob {
    let segment: Segment
    let start: Int64
    let end: Int64
    /// The high watermark after it.
    let endOffset: Int64
    let chunks: [LogChunk]
    let flush: FlushPolicy
    let segmentBytes: Int64
    /// Nothing more will come for the segment: finish its files.
    let isLast: Bool
}

extension PartitionLog: DiskWork {
    /// What one write may take: bounds its time, and how far a torn write can reach back from the end of the log.
    static let maximumWriteBytes: Int64 = 8 << 20
    /// From this size on a write goes past the page cache even where it need not be durable at once.
    static let directWriteBytes: Int64 = 32 << 10

    func writePending(_ scratch: WriterScratch) {
        let job = lock.withLock { () -> WriteJob? in
            isQueued = false
            guard !isWriting, stopped == nil else { return nil }
            let job = nextJob()
            isWriting = job != nil
            return job
        }
        guard let job else { return }
        let due: DueWaits
        do throws(LogError) {
            try carryOut(job, scratch)
            due = lock.withLock { finish(job) }
        } catch {
            services.statistics.writeFailures.wrappingAdd(1, ordering: .relaxed)
            due = fail(job, error)
        }
        due.call()
        services.cache.shrink()
    }

    private func nextJob() -> WriteJob? {
        guard let index = segments.firstIndex(where: { $0.needsWriting }) else { return nil }
        let segment = segments[index]
        var end = segment.size
        var endOffset = index + 1 < segments.count ? segments[index + 1].baseOffset : self.endOffset
        if end - segment.written > Self.maximumWriteBytes,
            let entry = segment.index.floor(position: segment.written + Self.maximumWriteBytes),
            Int64(entry.position) > segment.written
        {
            end = Int64(entry.position)
            endOffset = segment.baseOffset + Int64(entry.relativeOffset)
        }
        let start = segment.written
        return WriteJob(
            segment: segment,
            start: start,
            end: end,
            endOffset: endOffset,
            chunks: chunks(of: segment, from: start, to: end),
            flush: settings.flush,
            segmentBytes: Int64(settings.segmentBytes),
            isLast: segment.isRolled && end == segment.size
        )
    }

    /// The chunks with these positions; of the many that may be cached, the last few as a rule.
    private func chunks(of segment: Segment, from start: Int64, to end: Int64) -> [LogChunk] {
        let base = segment.baseOffset
        let first = chunks.sortedIndex { $0.segment.baseOffset > base || $0.segment === segment && $0.limit > start }
        return Array(chunks[first...].prefix { $0.segment === segment && $0.fileStart < end })
    }

    private func carryOut(_ job: WriteJob, _ scratch: WriterScratch) throws(LogError) {
        let segment = job.segment
        let isNew = !segment.exists
        if isNew { try makeDirectory() }
        // Large writes go past the page cache in every mode: fresh pages of it cost more than the disk does.
        let isLarge = job.end - job.start >= Self.directWriteBytes
        let wantsDirect = services.settings.usesDirectIO && (job.flush == .always || isLarge)
        let target = try segment.writer(direct: wantsDirect, synced: job.flush == .always)
        if job.end > job.start {
            try reserve(job, target.handle)
            if isNew { try FileSystem.syncDirectory(directory) }
            let began = monotonicNanoseconds()
            try write(job, target, scratch)
            let statistics = services.statistics
            statistics.writtenBytes.wrappingAdd(Int(job.end - job.start), ordering: .relaxed)
            statistics.writeSeconds.observe(nanoseconds: Int64(monotonicNanoseconds() - began))
        } else if isNew {
            try FileSystem.syncDirectory(directory)
        }
        if job.isLast { try seal(segment, isSynced: job.flush == .always) }
    }

    private func write(
        _ job: WriteJob,
        _ target: (handle: FileHandle, isDirect: Bool),
        _ scratch: WriterScratch
    ) throws(LogError) {
        var handle = target.handle
        if target.isDirect {
            do throws(LogError) {
                return try directWrite(job, handle, scratch)
            } catch .input(_, _, code: EINVAL) {
                report(.warning, "\(job.segment.logPath) takes no direct writes, they go through the page cache")
                job.segment.refuseDirect()
                handle = try job.segment.writer(direct: false).handle
            } catch {
                throw error
            }
        }
        try bufferedWrite(job, handle, scratch)
        if job.flush == .always { try handle.sync() }
    }

    /// Makes the partition's directory before its first segment.
    private func makeDirectory() throws(LogError) {
        guard !directoryExists else { return }
        try FileSystem.makeDirectory(directory)
        try services.rootSync.sync()
        lock.withLock { directoryExists = true }
    }

    /// Reserves space ahead, more each time, so that most writes change no metadata and a quiet partition takes little.
    private func reserve(_ job: WriteJob, _ handle: FileHandle) throws(LogError) {
        let segment = job.segment
        let block = Int64(WriterScratch.blockBytes)
        let need = (job.end + block - 1) / block * block
        let have = segment.allocated
        guard need > have else { return }
        let ahead = min(max(have * 2, 64 << 10), have + (64 << 20), job.segmentBytes)
        // Whole blocks, whatever the size of a file that was cut: writes run ahead to the end of what is reserved.
        let wanted = max(need, (ahead + block - 1) / block * block)
        do throws(LogError) {
            _ = try handle.allocate(from: have, to: wanted)
            segment.allocated = wanted
        } catch .storageFull where wanted > need {
            _ = try handle.allocate(from: have, to: need)
            segment.allocated = need
        } catch {
            throw error
        }
    }

    /// Writes whole blocks past the page cache; the write is durable when it returns.
    ///
    /// The half-filled last block is written from a copy, padded with zeros: appends go on behind it in the chunk while
    /// the disk reads. The next write begins with that block again. The first write to a block of reserved space costs
    /// the file system a journal entry, which a later one does not: so a small write runs ahead with zeros.
    private func directWrite(_ job: WriteJob, _ handle: FileHandle, _ scratch: WriterScratch) throws(LogError) {
        let block = Int64(WriterScratch.blockBytes)
        let from = job.start / block * block
        let wholeEnd = job.end / block * block
        let paddedEnd = (job.end + block - 1) / block * block
        if let first = job.chunks.first, first.fileStart == from, first.validFrom > from {
            try completeHead(of: first, handle: try lock.withLock { () throws(LogError) in try job.segment.reader() })
        }
        scratch.vectors.removeAll(keepingCapacity: true)
        for chunk in job.chunks {
            let low = max(from, chunk.fileStart)
            let high = min(wholeEnd, chunk.limit)
            if high > low {
                scratch.vectors.append(iovec(iov_base: chunk.pointer(at: low), iov_len: Int(high - low)))
            }
        }
        if paddedEnd > wholeEnd, let last = job.chunks.last {
            let count = Int(job.end - wholeEnd)
            scratch.tail.copyMemory(from: last.pointer(at: wholeEnd), byteCount: count)
            memset(scratch.tail + count, 0, WriterScratch.blockBytes - count)
            scratch.vectors.append(iovec(iov_base: scratch.tail, iov_len: WriterScratch.blockBytes))
        }
        var writtenEnd = paddedEnd
        if job.flush == .always, paddedEnd > job.segment.touched, paddedEnd - from <= 4 * block {
            let ahead = min(Int64(WriterScratch.zeroAheadBytes), job.segment.allocated - paddedEnd)
            if ahead > 0 {
                scratch.vectors.append(iovec(iov_base: scratch.zeros, iov_len: Int(ahead)))
                writtenEnd += ahead
            }
        }
        try handle.write(&scratch.vectors, at: from)
        job.segment.touched = max(job.segment.touched, writtenEnd)
    }

    /// Reads the beginning of a block that was written before the partition gave its memory back.
    private func completeHead(of chunk: LogChunk, handle: FileHandle) throws(LogError) {
        let head = UnsafeMutableRawBufferPointer(start: chunk.base, count: Int(chunk.validFrom - chunk.fileStart))
        guard try handle.read(into: head, at: chunk.fileStart) == head.count else {
            throw .corruptLog(file: handle.path, position: chunk.fileStart, reason: "the file has been cut")
        }
        lock.withLock { chunk.validFrom = chunk.fileStart }
    }

    private func bufferedWrite(_ job: WriteJob, _ handle: FileHandle, _ scratch: WriterScratch) throws(LogError) {
        scratch.vectors.removeAll(keepingCapacity: true)
        for chunk in job.chunks {
            let low = max(job.start, chunk.fileStart)
            let high = min(job.end, chunk.limit)
            if high > low {
                scratch.vectors.append(iovec(iov_base: chunk.pointer(at: low), iov_len: Int(high - low)))
            }
        }
        try handle.write(&scratch.vectors, at: job.start)
        job.segment.touched = max(job.segment.touched, job.end)
    }

    /// Publishes what was written.
    ///
    /// Call it with the lock held.
    private func finish(_ job: WriteJob) -> DueWaits {
        let segment = job.segment
        segment.exists = true
        segment.mustExist = false
        segment.written = job.end
        segment.writtenMaxTimestamp = segment.maxTimestamp
        if job.flush == .always || job.isLast { segment.synced = job.end }
        if job.isLast {
            segment.isSealed = true
            segment.producersAtRoll = nil
            segment.closeWriter()
        }
        highWatermark = max(highWatermark, job.endOffset)
        settleTransactions()
        services.pendingBytes.wrappingSubtract(Int(job.end - job.start), ordering: .relaxed)
        bytesSinceSnapshot += job.end - job.start
        dropSettledUndo()
        scheduleSync(job.flush)
        isWriting = false
        if segments.contains(where: { $0.needsWriting }) { enqueue() } else if isClosed { lock.broadcast() }
        return takeSatisfiedWaits()
    }

    private func dropSettledUndo() {
        if let last = undo.last, last.offset < highWatermark {
            undo.removeAll(keepingCapacity: true)
        } else if let keep = undo.firstIndex(where: { $0.offset >= highWatermark }), keep > 0 {
            undo.removeFirst(keep)
        }
    }

    /// Takes back what could not be written, so that nothing unwritten is ever acknowledged or built upon.
    private func fail(_ job: WriteJob, _ error: LogError) -> DueWaits {
        reportFailure(error, bytes: job.end - job.start)
        return lock.withLock {
            takeBack(job.segment)
            takeBacks.append(TakeBack(generation: generation, offset: highWatermark, error: error))
            if takeBacks.count > 64 { takeBacks.removeFirst() }
            generation += 1
            isWriting = false
            defer { if isClosed { lock.broadcast() } }
            guard error.isTransient else {
                stopped = .partitionStopped(reason: "\(error)")
                return takeAllWaits(error: .partitionStopped(reason: "\(error)"), readers: true)
            }
            guard let problem = cutFile(of: job.segment), !problem.isTransient else {
                return takeAllWaits(error: error, readers: false)
            }
            stopped = .partitionStopped(reason: "\(problem)")
            report(.error, "stopped: \(problem)")
            return takeAllWaits(error: problem, readers: true)
        }
    }

    /// Tells the operator; a full disk not more than every ten seconds, or producers that try again would flood the log.
    private func reportFailure(_ error: LogError, bytes: Int64) {
        guard error.isTransient else {
            return report(.error, "stopped, nothing more is accepted until a restart: \(error)")
        }
        let now = monotonicNanoseconds()
        guard now - lastFailureReport > 10_000_000_000 || lastFailureReport == 0 else { return }
        lastFailureReport = now
        report(.warning, "\(error); \(bytes) bytes were refused, producing goes on when that is mended")
    }

    /// Cuts the file behind what is written and gives reserved space back.
    ///
    /// Call it with the lock held.
    private func cutFile(of segment: Segment) -> LogError? {
        guard FileSystem.exists(segment.logPath) else { return nil }
        do throws(LogError) {
            try segment.writer(direct: false).handle.truncate(to: segment.written)
            segment.exists = true
            segment.allocated = segment.written
            segment.touched = min(segment.touched, segment.written)
            return nil
        } catch {
            return error
        }
    }

    /// Makes the log in memory end where it ends on disk.
    ///
    /// Call it with the lock held.
    private func takeBack(_ segment: Segment) {
        guard let index = segments.firstIndex(where: { $0 === segment }) else { return }
        let unwritten = segments[index...].reduce(0) { $0 + ($1.size - $1.written) }
        services.pendingBytes.wrappingSubtract(Int(unwritten), ordering: .relaxed)
        if segment.size > segment.written || index == segments.count - 1 {
            segments.removeSubrange((index + 1)...)
            segment.isRolled = false
            segment.producersAtRoll = nil
        } else {
            // All of it is written and only its end could not be finished: it stays rolled, what follows is emptied.
            segments.removeSubrange((index + 2)...)
        }
        for kept in segments[index...] {
            kept.size = kept.written
            kept.maxTimestamp = kept.writtenMaxTimestamp
            kept.index.truncate(
                to: kept.size,
                relativeOffset: UInt32(clamping: max(0, highWatermark - kept.baseOffset))
            )
            kept.lastIndexedPosition = min(kept.lastIndexedPosition, kept.size)
        }
        endOffset = highWatermark
        for entry in undo.reversed() where entry.offset >= highWatermark {
            producers.restore(entry.producerID, to: entry.entry)
        }
        undo.removeAll()
        transactions.takeBack(to: highWatermark)
        publishTransactions()
        let last = active
        chunks.removeAll { chunk in
            guard let owner = segments.first(where: { $0 === chunk.segment }) else { return true }
            chunk.end = min(chunk.end, owner.size)
            return chunk.end <= chunk.validFrom || chunk.fileStart >= owner.size
        }
        last.isRolled = false
    }
}

extension Segment {
    /// There is something for the writer to do.
    ///
    /// Call it with the partition's lock held.
    var needsWriting: Bool { written < size || (isRolled && !isSealed) || (mustExist && !exists) }
}
