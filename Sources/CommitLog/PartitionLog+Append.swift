import Bytes
import Clocks
package import KafkaProtocol
import Synchronization

extension PartitionLog {
    /// Checks one or more framed record batches of format 2 and takes a copy of them into the log.
    ///
    /// Refused as a whole or taken as a whole. A batch with a producer id comes alone. Offsets and leader epoch are set in
    /// the log's copy, timestamps too where the topic stamps them; `batches` is only read. Returns at once: the bytes
    /// become durable, and are seen by readers, later: see `whenDurable(_:_:)`.
    /// `leaderEpoch`: Stamped into each batch; never lower than before. `admitsTransaction`: asked, under the partition's
    /// lock, about a batch that would begin a transaction here; false refuses it with `.transactionNotOpen`.
    package func append(
        _ batches: UnsafeRawBufferPointer,
        leaderEpoch: Int32 = 0,
        origin: AppendOrigin = .client,
        admitsTransaction: ((RecordBatchHeader) -> Bool)? = nil
    ) throws(LogError) -> AppendResult {
        let pending = services.pendingBytes.load(ordering: .relaxed)
        guard pending + batches.count <= services.settings.pendingByteLimit else {
            throw .overloaded(pendingBytes: pending)
        }
        let settings = lock.withLock { self.settings }
        var validator = BatchValidator(
            maxMessageBytes: settings.maxMessageBytes,
            requiresKeys: settings.isCompacted,
            origin: origin
        )
        let now = services.clock.wallMilliseconds
        let stamp = settings.timestampType == .logAppendTime ? now : nil
        if stamp == nil { validator.timestamps = settings.timestamps(at: now) }
        var valid = try validator.validate(batches)
        var byteCount = batches.count
        if let codec = settings.compression {
            valid = try valid.map { batch throws(LogError) in
                try batch.recompressed(with: codec, maxMessageBytes: settings.maxMessageBytes)
            }
            byteCount = valid.reduce(0) { $0 + $1.bytes.count }
        }
        let result = try lock.withLock { () throws(LogError) -> AppendResult in
            try appendLocked(
                valid,
                byteCount: byteCount,
                leaderEpoch: leaderEpoch,
                stamp: stamp,
                now: now,
                admitsTransaction
            )
        }
        if !result.isDuplicate {
            services.statistics.appendedBytes.wrappingAdd(byteCount, ordering: .relaxed)
            services.statistics.appendedBatches.wrappingAdd(valid.count, ordering: .relaxed)
        }
        return result
    }

    /// Call it with the lock held.
    func appendLocked(
        _ batches: [ValidBatch],
        byteCount: Int,
        leaderEpoch: Int32,
        stamp: Int64?,
        now: Int64,
        _ admitsTransaction: ((RecordBatchHeader) -> Bool)? = nil
    ) throws(LogError) -> AppendResult {
        if let stopped { throw stopped }
        if isClosed { throw .closed }
        if let first = batches.first?.header, first.hasProducerID, !first.attributes.isControl,
            case .duplicate(let earlier) = try producers.check(first)
        {
            return AppendResult(
                baseOffset: earlier.baseOffset,
                lastOffset: earlier.lastOffset,
                logAppendTime: earlier.logAppendTime,
                logStartOffset: logStartOffset,
                isDuplicate: true,
                generation: generation
            )
        }
        if let first = batches.first?.header, let admitsTransaction, producers.begins(first), !admitsTransaction(first)
        {
            throw .transactionNotOpen(
                producerID: first.producerID,
                reason: "sent to \(name), which is not part of a transaction of it that is open"
            )
        }
        rollIfNeeded(byteCount: byteCount, now: now)
        if active.size == 0 { active.firstAppendMilliseconds = now }
        let baseOffset = endOffset
        for batch in batches { take(batch, leaderEpoch: leaderEpoch, stamp: stamp, now: now) }
        services.pendingBytes.wrappingAdd(byteCount, ordering: .relaxed)
        lastAppendMilliseconds = services.clock.monotonicMilliseconds
        enqueue()
        return AppendResult(
            baseOffset: baseOffset,
            lastOffset: endOffset - 1,
            logAppendTime: stamp ?? -1,
            logStartOffset: logStartOffset,
            isDuplicate: false,
            generation: generation
        )
    }

    /// Copies one batch behind the log's end, with its offset, epoch and perhaps time.
    private func take(_ batch: ValidBatch, leaderEpoch: Int32, stamp: Int64?, now: Int64) {
        let segment = active
        let position = segment.size
        var header = batch.header
        let body = UnsafeRawBufferPointer(rebasing: batch.bytes[RecordBatchHeader.byteCount...])
        header.baseOffset = endOffset
        header.leaderEpoch = leaderEpoch
        header.attributes = batch.attributes
        withUnsafeTemporaryAllocation(byteCount: RecordBatchHeader.byteCount, alignment: 8) { patched in
            patched.copyMemory(from: UnsafeRawBufferPointer(rebasing: batch.bytes[..<RecordBatchHeader.byteCount]))
            func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at position: Int) {
                patched.storeBytes(of: value.bigEndian, toByteOffset: position, as: T.self)
            }
            store(header.baseOffset, at: 0)
            store(header.leaderEpoch, at: 12)
            if let stamp {
                header.attributes.rawValue |= 0x08
                header.maxTimestamp = stamp
                store(header.attributes.rawValue, at: RecordBatchHeader.checkedPosition)
                store(stamp, at: 35)
                let checked = UnsafeRawBufferPointer(rebasing: patched[RecordBatchHeader.checkedPosition...])
                store(
                    CRC32C.checksum(body, continuing: CRC32C.checksum(checked)),
                    at: RecordBatchHeader.checksumPosition
                )
            }
            copy(UnsafeRawBufferPointer(patched), to: segment)
        }
        copy(body, to: segment)
        addIndexEntry(for: header, at: position, in: segment)
        if header.hasProducerID {
            undo.append(
                ProducerUndo(
                    offset: header.baseOffset,
                    producerID: header.producerID,
                    entry: producers[header.producerID]
                )
            )
            let marker = header.attributes.isControl ? EndMarker(batch.bytes, header: batch.header) : nil
            let transition = producers.record(
                batch.header,
                baseOffset: header.baseOffset,
                checksum: batch.header.checksum,
                logAppendTime: stamp ?? -1,
                now: now,
                marker: marker
            )
            if transition != .none {
                transactions.note(transition, of: header)
                publishTransactions()
            }
        }
        endOffset = header.nextOffset
    }

    private func copy(_ bytes: UnsafeRawBufferPointer, to segment: Segment) {
        var rest = bytes
        while !rest.isEmpty {
            let chunk = chunkForAppend(segment)
            let count = min(rest.count, Int(chunk.limit - chunk.end))
            UnsafeMutableRawBufferPointer(start: chunk.pointer(at: chunk.end), count: count)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            chunk.end += Int64(count)
            segment.size += Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// The chunk that holds the end of the segment, a new one if there is none with room.
    ///
    /// Sizes grow while chunks fill quickly, so that a quiet partition holds little.
    private func chunkForAppend(_ segment: Segment) -> LogChunk {
        if let last = chunks.last, last.segment === segment, last.end == segment.size {
            if !last.isFull { return last }
            let isQuick = monotonicNanoseconds() - last.bornNanoseconds < 1_000_000_000
            chunkSizeClass = isQuick ? min(chunkSizeClass + 1, ChunkPool.sizes.count - 1) : max(chunkSizeClass - 1, 0)
        }
        let block = Int64(WriterScratch.blockBytes)
        let chunk = LogChunk(
            pool: services.chunks,
            capacity: ChunkPool.sizes[chunkSizeClass],
            fileStart: segment.size / block * block,
            validFrom: segment.size,
            segment: segment
        )
        chunks.append(chunk)
        services.cache.add(chunk, of: self)
        return chunk
    }

    private func addIndexEntry(for header: RecordBatchHeader, at position: Int64, in segment: Segment) {
        segment.maxTimestamp = max(segment.maxTimestamp, header.maxTimestamp)
        guard position - segment.lastIndexedPosition >= Int64(settings.indexIntervalBytes) else { return }
        segment.addIndexEntry(offset: header.baseOffset, position: position)
    }

    /// Starts a new segment when the batches would not fit into the present one, or when that is old.
    private func rollIfNeeded(byteCount: Int, now: Int64) {
        let segment = active
        guard segment.size > 0 else { return }
        let isFull = segment.size + Int64(byteCount) > Int64(settings.segmentBytes)
        let isOld = now - segment.firstAppendMilliseconds >= settings.rollMilliseconds(jitter: segment.jitter)
        // Index entries hold offsets and positions in 32 bits.
        let isWide = endOffset - segment.baseOffset > Int64(Int32.max) - 1_000_000_000
        if isFull || isOld || isWide { roll() }
    }

    /// Starts a new segment; the writer thread finishes the old one's files.
    func roll() {
        active.isRolled = true
        active.producersAtRoll = producers
        segments.append(Segment(directory: directory, baseOffset: endOffset))
    }

    /// Hands the partition to the writer threads, once.
    func enqueue() {
        guard !isQueued, !isWriting else { return }
        isQueued = true
        services.writers.submit(self)
    }
}
