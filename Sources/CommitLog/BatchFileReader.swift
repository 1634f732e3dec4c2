import Bytes
import KafkaProtocol

/// Reads whole, verified batches from a segment file.
struct BatchFileReader {
    private let handle: FileHandle
    private let isDirect: Bool
    private let pool: ReadBufferPool
    private var position: Int64
    /// The base offset that the batch at `position` must have: the checksum does not cover it.
    private var nextOffset: Int64
    private let limit: Int64
    private let endOffset: Int64

    struct Batches {
        let slice: LogSlice
        let byteCount: Int
        /// The offset behind the last batch.
        let nextOffset: Int64
    }

    /// Reads from `position`, where the batch with base offset `nextOffset` begins, up to `limit`, where the batches end,
    /// or to the first batch at or above `endOffset`.
    init(
        _ handle: FileHandle,
        isDirect: Bool,
        pool: ReadBufferPool,
        position: Int64,
        nextOffset: Int64,
        limit: Int64,
        endOffset: Int64
    ) {
        self.handle = handle
        self.isDirect = isDirect
        self.pool = pool
        self.position = position
        self.nextOffset = nextOffset
        self.limit = limit
        self.endOffset = endOffset
    }

    /// The batches from the one that contains `offset` on: at least one, and no more than `maxBytes` beyond it.
    mutating func batches(containing offset: Int64, maxBytes: Int) throws(LogError) -> Batches {
        // Index entries lie some kilobytes apart, so the batch begins a little behind the position.
        var window = maxBytes + (16 << 10)
        while true {
            let bytes = try load(window)
            defer { withExtendedLifetime(bytes) {} }
            let start = try skip(to: offset, in: bytes.bytes)
            if let start {
                let (end, next) = try wholeBatches(in: bytes.bytes, from: start, maxBytes: maxBytes)
                if end > start {
                    let slice = UnsafeRawBufferPointer(rebasing: bytes.bytes[start..<end])
                    return Batches(
                        slice: LogSlice(owner: bytes, bytes: slice),
                        byteCount: end - start,
                        nextOffset: next
                    )
                }
                let header = try header(in: bytes.bytes, at: start)
                if header.baseOffset >= endOffset { return nothing(bytes, offset) }
                position += Int64(start)
                window = max(window, header.totalByteCount)
                if Int64(header.totalByteCount) > limit - position {
                    throw damage(at: position, "the batch of \(header.totalByteCount) bytes is cut")
                }
            } else if position >= limit {
                return nothing(bytes, offset)
            }
        }
    }

    private func nothing(_ owner: ReadBuffer, _ offset: Int64) -> Batches {
        let slice = LogSlice(owner: owner, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        return Batches(slice: slice, byteCount: 0, nextOffset: offset)
    }

    private func load(_ count: Int) throws(LogError) -> ReadBuffer {
        let count = Int(min(Int64(count), limit - position))
        let buffer = pool.take(count)
        let got = try buffer.fill(from: handle, isDirect: isDirect, at: position, count: count)
        guard got == count else {
            throw damage(at: position + Int64(got), "the file ends before the log does")
        }
        return buffer
    }

    /// Where in `bytes` the batch with `offset` begins; nil when it lies behind, and the position is moved there.
    private mutating func skip(to offset: Int64, in bytes: UnsafeRawBufferPointer) throws(LogError) -> Int? {
        var at = 0
        while at + RecordBatchHeader.byteCount <= bytes.count {
            let header = try header(in: bytes, at: at)
            if header.lastOffset >= offset { return at }
            nextOffset = header.nextOffset
            guard at + header.totalByteCount <= bytes.count else {
                at += header.totalByteCount
                break
            }
            at += header.totalByteCount
        }
        guard at > 0 else { throw damage(at: position, "the file ends inside a batch header") }
        position += Int64(at)
        return nil
    }

    private func wholeBatches(
        in bytes: UnsafeRawBufferPointer,
        from start: Int,
        maxBytes: Int
    ) throws(LogError) -> (end: Int, nextOffset: Int64) {
        var end = start
        var expected = nextOffset
        while end + RecordBatchHeader.byteCount <= bytes.count {
            let header = try header(in: bytes, at: end, expected: expected)
            let next = end + header.totalByteCount
            guard next <= bytes.count, next - start <= maxBytes || end == start, header.baseOffset < endOffset else {
                break
            }
            let batch = UnsafeRawBufferPointer(rebasing: bytes[end..<next])
            guard RecordBatch.hasValidChecksum(batch, header: header) else {
                // What lies before the damage is good and is given out; the next read names the place.
                if end > start { break }
                throw damage(
                    at: position + Int64(end),
                    "the checksum of the batch at offset \(header.baseOffset) is wrong"
                )
            }
            end = next
            expected = header.nextOffset
        }
        return (end, expected)
    }

    private func header(
        in bytes: UnsafeRawBufferPointer,
        at place: Int,
        expected: Int64? = nil
    ) throws(LogError) -> RecordBatchHeader {
        let header: RecordBatchHeader
        do throws(RecordBatchError) {
            header = try RecordBatchHeader(UnsafeRawBufferPointer(rebasing: bytes[place...]))
        } catch {
            throw damage(at: position + Int64(place), "\(error)")
        }
        let wanted = expected ?? nextOffset
        guard header.baseOffset == wanted, header.lastOffsetDelta >= 0 else {
            throw damage(at: position + Int64(place), "the batch has offset \(header.baseOffset), must be \(wanted)")
        }
        return header
    }

    private func damage(at position: Int64, _ reason: String) -> LogError {
        .corruptLog(file: handle.path, position: position, reason: reason)
    }
}
