import Bytes
import KafkaProtocol

extension PartitionLog {
    private static let searchReadBytes = 1 << 20

    /// The first record at or after a time, nil when there is none.
    ///
    /// May read the disk.
    package func offset(forTimestamp timestamp: Int64) throws(LogError) -> TimestampedOffset? {
        let (all, startOffset) = lock.withLock { (segments, logStartOffset) }
        for segment in all {
            guard lock.withLock({ segment.writtenMaxTimestamp }) >= timestamp else { continue }
            let from = max(try startOfSearch(forTimestamp: timestamp, in: segment), startOffset)
            if let found = try search(from: from, timestamp: timestamp, endOfSegment: endOf(segment)) { return found }
        }
        return nil
    }

    /// The record with the highest timestamp, the first of them; nil in an empty log.
    ///
    /// May read the disk.
    package func offsetOfMaxTimestamp() throws(LogError) -> TimestampedOffset? {
        let latest = lock.withLock { segments.map(\.writtenMaxTimestamp).max() ?? -1 }
        return latest < 0 ? nil : try offset(forTimestamp: latest)
    }

    private func startOfSearch(forTimestamp timestamp: Int64, in segment: Segment) throws(LogError) -> Int64 {
        if lock.withLock({ segment.index.mustLoad(forTimestamp: timestamp) }) { try loadIndex(of: segment) }
        return lock.withLock { segment.baseOffset + Int64(segment.index.startOfSearch(forTimestamp: timestamp)) }
    }

    private func endOf(_ segment: Segment) -> Int64 { lock.withLock { min(endOffset(of: segment), highWatermark) } }

    /// Looks through the records from an offset on.
    private func search(
        from offset: Int64,
        timestamp: Int64,
        endOfSegment: Int64
    ) throws(LogError) -> TimestampedOffset? {
        var next = offset
        while next < endOfSegment {
            let read = try self.read(from: next, maxBytes: Self.searchReadBytes)
            guard !read.isEmpty else { return nil }
            let bytes = read.joined()
            defer { withExtendedLifetime(bytes) {} }
            var position = 0
            do throws(RecordBatchError) {
                while position < bytes.count {
                    let batch = UnsafeRawBufferPointer(rebasing: bytes.bytes[position...])
                    let header = try RecordBatchHeader(batch)
                    if header.maxTimestamp >= timestamp, !header.attributes.isControl,
                        let found = try firstRecord(in: batch, header, from: offset, timestamp: timestamp)
                    {
                        return found
                    }
                    position += header.totalByteCount
                    next = header.nextOffset
                }
            } catch {
                throw .corruptBatch(reason: "offset \(next) of \(name): \(error)")
            }
        }
        return nil
    }

    private func firstRecord(
        in batch: UnsafeRawBufferPointer,
        _ header: RecordBatchHeader,
        from offset: Int64,
        timestamp: Int64
    ) throws(RecordBatchError) -> TimestampedOffset? {
        var found: TimestampedOffset?
        try RecordBatch.forEachRecord(in: batch, header: header) { record in
            guard record.timestamp >= timestamp, record.offset >= offset else { return true }
            found = TimestampedOffset(
                offset: record.offset,
                timestamp: record.timestamp,
                leaderEpoch: header.leaderEpoch
            )
            return false
        }
        return found
    }
}
