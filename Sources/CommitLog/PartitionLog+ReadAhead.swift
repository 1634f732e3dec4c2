import Clocks
import KafkaProtocol
import Synchronization

extension PartitionLog {
    /// What a read of old data takes from the disk at once; larger answers are made of several.
    static let aheadReadBytes = 4 << 20
    /// Reads run ahead while the memory of all reads together is below this.
    private static let aheadBytesMax = 64 << 20
    /// Above this, because many slow consumers hold what they were given, reads are small.
    private static let readBytesMax = 256 << 20
    private static let smallReadBytes = 64 << 10
    /// A read that ran ahead is forgotten after this time.
    static let aheadMilliseconds: Int64 = 10_000

    /// Reads as `read(from:maxBytes:)` does, and never waits for the disk.
    ///
    /// - Returns: nil when the disk must be asked. `whenRead` is called with the outcome then, once, from a reader
    ///   thread, unless the log is closed before. It says whether it took it: what nobody took is kept for a while for
    ///   the next call. It must be quick; no lock is held.
    package func read(
        from offset: Int64,
        maxBytes: Int,
        isolation: ReadIsolation = .uncommitted,
        whenRead: @escaping @Sendable (Result<LogRead, LogError>) -> Bool
    ) throws(LogError) -> LogRead? {
        if let read = try readMemory(from: offset, maxBytes: maxBytes, isolation) { return read }
        let isCrowded = services.reads.usedBytes > Self.readBytesMax
        let limit = max(0, min(maxBytes, isCrowded ? Self.smallReadBytes : Self.aheadReadBytes))
        let request = AheadReads.Request(offset: offset, maxBytes: limit, isolation: isolation)
        switch lock.withLock({ ahead.take(request, whenRead) }) {
        case .loading: return nil
        case .absent:
            start(request)
            return nil
        case .ready(let read):
            readAhead(behind: read, request)
            return lock.withLock { refreshed(read.prefix(maxBytes)) }
        }
    }

    private func start(_ request: AheadReads.Request) {
        guard !services.readers.submit({ [self] in carryOut(request) }) else { return }
        deliver(request, .failure(.closed))
    }

    /// On a reader thread.
    private func carryOut(_ request: AheadReads.Request) {
        let result = Result { () throws(LogError) in
            try read(from: request.offset, maxBytes: request.maxBytes, isolation: request.isolation)
        }
        if deliver(request, result), case .success(let read) = result { readAhead(behind: read, request) }
    }

    /// Hands the outcome to those who wait.
    ///
    /// - Returns: Whether somebody took it.
    @discardableResult
    private func deliver(_ request: AheadReads.Request, _ result: Result<LogRead, LogError>) -> Bool {
        var isTaken = false
        while true {
            let waiters = lock.withLock {
                ahead.finish(request, result, isTaken: isTaken, now: services.clock.monotonicMilliseconds)
            }
            guard !waiters.isEmpty else { return isTaken }
            for waiter in waiters where waiter(result) { isTaken = true }
        }
    }

    /// Begins the read that the reader of this one will ask for next.
    private func readAhead(behind read: LogRead, _ request: AheadReads.Request) {
        // A short answer is the end of what there is, or of a segment.
        guard read.byteCount * 2 > request.maxBytes, services.reads.usedBytes < Self.aheadBytesMax else { return }
        let next = AheadReads.Request(
            offset: read.nextOffset,
            maxBytes: request.maxBytes,
            isolation: request.isolation
        )
        guard isOnDiskOnly(next), lock.withLock({ ahead.begin(next) }) else { return }
        start(next)
    }

    private func isOnDiskOnly(_ request: AheadReads.Request) -> Bool {
        do throws(LogError) {
            return try readMemory(from: request.offset, maxBytes: 0, request.isolation) == nil
        } catch {
            return false  // whoever reads there will hear of it
        }
    }

    /// A read that was made a while ago, with the ends as they are now.
    ///
    /// Call it with the lock held.
    private func refreshed(_ read: LogRead) -> LogRead {
        var read = read
        read.highWatermark = highWatermark
        read.lastStableOffset = lastStableOffset
        read.logStartOffset = logStartOffset
        return read
    }

    /// Forgets what was read ahead and nobody came for.
    func dropAheadReads(now: Int64) {
        lock.withLock { if !ahead.isEmpty { ahead.drop(before: now - Self.aheadMilliseconds) } }
    }
}

extension LogRead {
    /// The first whole batches of a read that is in one piece: no more than `maxBytes`, but at least one.
    package func prefix(_ maxBytes: Int) -> LogRead {
        guard byteCount > maxBytes, slices.count == 1, let slice = slices.first else { return self }
        var end = 0
        var next = nextOffset
        slice.withBytes { bytes in
            while end < bytes.count,
                let header = try? RecordBatchHeader(UnsafeRawBufferPointer(rebasing: bytes[end...])),
                end == 0 || end + header.totalByteCount <= maxBytes, end + header.totalByteCount <= bytes.count
            {
                end += header.totalByteCount
                next = header.nextOffset
            }
        }
        var read = self
        read.slices = [slice.prefix(end)]
        read.byteCount = end
        read.nextOffset = next
        return read
    }
}
