extension PartitionLog {
    /// Deletes segments past the retention time or size and below the log start.
    ///
    /// Waits for the disk.
    package func enforceRetention(now: Int64) {
        let removed = lock.withLock { () -> [Segment] in
            guard stopped == nil, !isClosed else { return [] }
            var removed: [Segment] = []
            if settings.deletesOldSegments, let time = settings.retentionMilliseconds {
                rollIfExpired(before: now - time)
                removed += removeSegments { segment, _ in
                    segment.maxTimestamp >= 0 && segment.maxTimestamp < now - time
                }
            }
            if settings.deletesOldSegments, let bytes = settings.retentionBytes {
                var total = segments.reduce(0) { $0 + $1.size }
                removed += removeSegments { segment, _ in
                    guard total - segment.size >= bytes else { return false }
                    total -= segment.size
                    return true
                }
            }
            return removed + removeSegments { $1 <= logStartOffset }
        }
        deleteFiles(of: removed)
    }

    /// Moves the log start up to `offset` (-1: the high watermark) and deletes segments that are wholly below.
    ///
    /// - Returns: The new log start offset; the directory makes it durable, see `LogDirectory.deleteRecords`.
    func moveLogStart(to offset: Int64) throws(LogError) -> Int64 {
        let removed = try lock.withLock { () throws(LogError) -> [Segment] in
            if let stopped { throw stopped }
            if isClosed { throw .closed }
            let target = offset == -1 ? highWatermark : offset
            guard target >= 0, target <= highWatermark else {
                throw .offsetOutOfRange(
                    offset: offset,
                    logStartOffset: logStartOffset,
                    highWatermark: highWatermark
                )
            }
            logStartOffset = max(logStartOffset, target)
            return removeSegments { $1 <= logStartOffset }
        }
        deleteFiles(of: removed)
        return logStartOffset
    }

    /// Rolls the active segment when all of it is past the retention time, so that it can go too.
    ///
    /// Call it with the lock held.
    private func rollIfExpired(before limit: Int64) {
        let segment = active
        guard segment.size > 0, segment.written == segment.size, segment.maxTimestamp >= 0, segment.maxTimestamp < limit
        else { return }
        roll()
        active.mustExist = true
        enqueue()
    }

    /// Takes finished segments off the front while a condition on the segment and the offset behind it holds.
    ///
    /// Call it with the lock held.
    private func removeSegments(while condition: (Segment, Int64) -> Bool) -> [Segment] {
        var count = 0
        while count + 1 < segments.count {
            let segment = segments[count]
            let next = segments[count + 1]
            // The next file must be there first: it is what keeps the end offset.
            guard segment.isSealed, !segment.isHeld, next.exists, next.baseOffset <= highWatermark,
                condition(segment, next.baseOffset)
            else { break }
            count += 1
        }
        let removed = Array(segments.prefix(count))
        segments.removeFirst(count)
        chunks.removeAll { chunk in removed.contains { $0 === chunk.segment } }
        logStartOffset = max(logStartOffset, segments[0].baseOffset)
        return removed
    }

    /// Deletes the files, the oldest first so that no gap is left when it is interrupted.
    private func deleteFiles(of removed: [Segment]) {
        for segment in removed {
            do throws(LogError) {
                for path in segment.paths { try FileSystem.removeFile(path) }
            } catch {
                report(.warning, "old segment not deleted: \(error)")
            }
        }
    }
}
