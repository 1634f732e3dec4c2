import Glibc
import KafkaProtocol
import Synchronization

/// What the next start may trust after an orderly stop.
struct CleanEnd {
    let offset: Int64
    /// The size of the last segment.
    let byteCount: Int64
    let hasNoProducers: Bool
}

extension PartitionLog {
    /// Takes no more appends, writes what waits and finishes the files.
    ///
    /// Blocks.
    ///
    /// - Returns: nil when the partition has no files or stands still.
    func close() -> CleanEnd? {
        let segment = lock.withLock { () -> Segment in
            isClosed = true
            while stopped == nil, isWriting || isQueued { lock.wait() }
            return active
        }
        var result: CleanEnd?
        if lock.withLock({ stopped == nil && segments.allSatisfy { $0.written == $0.size } && directoryExists }) {
            result = finishFiles(of: segment)
        }
        lock.withLock {
            for segment in segments { segment.closeFiles() }
            chunks = []
            return takeAllWaits(error: .closed, readers: true)
        }.call()
        return result
    }

    private func finishFiles(of segment: Segment) -> CleanEnd? {
        do throws(LogError) {
            if segment.exists {
                let handle = try FileHandle(path: segment.logPath, flags: O_WRONLY)
                try handle.truncate(to: segment.size)
                // The new size need not be durable: the next start does not trust a file of another size.
                if segment.synced < segment.size { try handle.sync() }
                storeIndex(of: segment)
                try storeAborted(of: segment)
            }
            let table = lock.withLock { producers }
            if !table.entries.isEmpty || snapshotOffset >= 0 { storeProducers(table, offset: endOffset) }
            guard segment.exists else { return nil }
            return CleanEnd(offset: endOffset, byteCount: segment.size, hasNoProducers: table.entries.isEmpty)
        } catch {
            report(.warning, "not closed in order, the next start checks its tail: \(error)")
            return nil
        }
    }

    /// Takes no more calls and waits until no thread is at its files, which the caller deletes.
    func abandon() {
        lock.withLock {
            isClosed = true
            while isWriting || isBeingCleaned { lock.wait() }
            let unwritten = segments.reduce(0) { $0 + ($1.size - $1.written) }
            services.pendingBytes.wrappingSubtract(Int(unwritten), ordering: .relaxed)
            for segment in segments {
                segment.size = segment.written
                segment.isRolled = false
                segment.mustExist = false
                segment.closeFiles()
            }
            chunks = []
            stopped = stopped ?? .closed
            return takeAllWaits(error: .closed, readers: true)
        }.call()
    }

    /// Gives memory and descriptors back when nothing was appended for a while.
    func releaseIfIdle(now: Int64, after milliseconds: Int64) {
        lock.withLock {
            guard now - lastAppendMilliseconds >= milliseconds, !isWriting, !isQueued,
                segments.allSatisfy({ $0.written == $0.size })
            else { return }
            chunks = []
            chunkSizeClass = 0
            for segment in segments where !segment.isHeld && (segment.synced == segment.written || !isSyncScheduled) {
                segment.closeFiles()
                segment.index.loaded = nil
                segment.aborted.unload()
            }
        }
    }

    /// Forgets idempotent producers that were silent for long.
    func expireProducers(now: Int64) {
        lock.withLock {
            guard undo.isEmpty else { return }
            producers.expire(before: now - settings.producerExpirationMilliseconds)
        }
    }
}
