import Bytes
import KafkaProtocol

/// Walks the batches of a segment file from one position to where they end.
struct SegmentScan {
    let handle: FileHandle
    let baseOffset: Int64
    let indexInterval: Int

    private static let windowBytes = 1 << 20

    enum Stop: Equatable {
        /// The batches fill the file.
        case endOfFile
        /// Only reserved space follows.
        case zeros
        /// What follows is not a whole batch.
        case damage(String)
    }

    struct Result {
        /// Behind the last good batch.
        var end: Int64
        var nextOffset: Int64
        var stop = Stop.endOfFile
        var maxTimestamp: Int64 = -1
        var entries: [SegmentIndex.Entry] = []
        var timeEntries: [SegmentIndex.TimeEntry] = []
        /// Where the last index entry points.
        var lastIndexed: Int64 = 0

        /// Takes note of the batch at `end`.
        mutating func add(_ header: RecordBatchHeader, baseOffset: Int64, indexInterval: Int) {
            // What compaction left without records has no time.
            if header.recordCount > 0 { maxTimestamp = max(maxTimestamp, header.maxTimestamp) }
            if end - lastIndexed >= Int64(indexInterval),
                let relative = UInt32(exactly: header.baseOffset - baseOffset), let narrow = UInt32(exactly: end)
            {
                entries.append(SegmentIndex.Entry(relativeOffset: relative, position: narrow))
                if timeEntries.last?.timestamp ?? -1 < maxTimestamp {
                    timeEntries.append(SegmentIndex.TimeEntry(timestamp: maxTimestamp, relativeOffset: relative))
                }
                lastIndexed = end
            }
            end += Int64(header.totalByteCount)
            nextOffset = header.nextOffset
        }
    }

    /// Walks from `position`, where a batch begins whose offset is `nextOffset` or more.
    ///
    /// Batches at or above the offset `verifyFrom` are read whole and their checksums compared; below, only headers are
    /// looked at. `onBatch` is called with each good batch's header, and the marker of a control batch.
    func run(
        from position: Int64 = 0,
        nextOffset: Int64? = nil,
        limit: Int64,
        verifyFrom: Int64 = .max,
        onBatch: (RecordBatchHeader, EndMarker?) -> Void = { _, _ in }
    ) throws(LogError) -> Result {
        var result = Result(end: position, nextOffset: nextOffset ?? baseOffset)
        result.lastIndexed = position
        var window = ByteWriter(capacity: Self.windowBytes)
        var windowStart = position
        while result.end < limit {
            if let stop = try fill(
                &window,
                &windowStart,
                at: result.end,
                count: RecordBatchHeader.byteCount,
                limit: limit
            ) {
                result.stop = stop
                return result
            }
            let place = Int(result.end - windowStart)
            let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[place...])
            let header: RecordBatchHeader
            do throws(RecordBatchError) {
                header = try RecordBatchHeader(bytes)
            } catch {
                let isZero = bytes.prefix(RecordBatchHeader.byteCount).allSatisfy { $0 == 0 }
                result.stop = isZero ? .zeros : .damage("\(error)")
                return result
            }
            if let reason = implausible(header, after: result.nextOffset, left: limit - result.end) {
                result.stop = .damage(reason)
                return result
            }
            if header.baseOffset >= verifyFrom {
                let count = header.totalByteCount
                if let stop = try fill(&window, &windowStart, at: result.end, count: count, limit: limit) {
                    result.stop = stop
                    return result
                }
                let place = Int(result.end - windowStart)
                let batch = UnsafeRawBufferPointer(rebasing: window.bytes[place..<(place + count)])
                guard RecordBatch.hasValidChecksum(batch, header: header) else {
                    result.stop = .damage("the checksum of the batch at offset \(header.baseOffset) is wrong")
                    return result
                }
            }
            var marker: EndMarker?
            if header.attributes.isControl {
                let count = header.totalByteCount
                if let stop = try fill(&window, &windowStart, at: result.end, count: count, limit: limit) {
                    result.stop = stop
                    return result
                }
                let place = Int(result.end - windowStart)
                marker = EndMarker(
                    UnsafeRawBufferPointer(rebasing: window.bytes[place..<(place + count)]),
                    header: header
                )
            }
            result.add(header, baseOffset: baseOffset, indexInterval: indexInterval)
            onBatch(header, marker)
        }
        return result
    }

    private func implausible(_ header: RecordBatchHeader, after nextOffset: Int64, left: Int64) -> String? {
        if header.lastOffsetDelta < 0 { return "last offset delta is \(header.lastOffsetDelta)" }
        if header.baseOffset < nextOffset || header.baseOffset - baseOffset > Int64(Int32.max) {
            return "offset is \(header.baseOffset), \(nextOffset) is next"
        }
        if Int64(header.totalByteCount) > left {
            return "the batch at offset \(header.baseOffset) has \(header.totalByteCount) bytes, \(left) are there"
        }
        return nil
    }

    /// Sees to it that `count` bytes from `position` on are in the window; says why not.
    private func fill(
        _ window: inout ByteWriter,
        _ windowStart: inout Int64,
        at position: Int64,
        count: Int,
        limit: Int64
    ) throws(LogError) -> Stop? {
        let place = position - windowStart
        if place >= 0, place + Int64(count) <= Int64(window.count) { return nil }
        window.removeAll()
        windowStart = position
        let wanted = Int(min(limit - position, Int64(max(count, Self.windowBytes))))
        try window.writeInPlace(maximum: wanted) { room throws(LogError) in try handle.read(into: room, at: position) }
        if window.count >= count { return nil }
        let isZero = window.bytes.allSatisfy { $0 == 0 }
        return isZero ? .zeros : .damage("\(window.count) bytes are left, \(count) are needed")
    }
}
