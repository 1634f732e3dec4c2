import Bytes
import Glibc
import KafkaProtocol

/// Reads the whole, verified batches of a segment file from its beginning to its end, for work that goes through all data.
struct BatchWalker: ~Copyable {
    private let handle: FileHandle
    private let limit: Int64
    private var window = ByteWriter(capacity: windowBytes)
    private var windowStart: Int64 = 0
    /// Where the next batch begins.
    private(set) var position: Int64 = 0
    /// The base offset that the next batch must have.
    private(set) var nextOffset: Int64

    private static let windowBytes = 1 << 20

    struct Batch {
        let header: RecordBatchHeader
        /// Valid until the next call of the walker.
        let bytes: UnsafeRawBufferPointer
        let position: Int64
    }

    /// Reads the file's first `limit` bytes, which hold batches from `baseOffset` on.
    init(_ handle: FileHandle, baseOffset: Int64, limit: Int64) {
        self.handle = handle
        self.limit = limit
        nextOffset = baseOffset
    }

    /// The next batch, nil at the end.
    ///
    /// - Throws: `.corruptLog` where the bytes are not what was written.
    mutating func next() throws(LogError) -> Batch? {
        guard position < limit else { return nil }
        try fill(RecordBatchHeader.byteCount)
        let header: RecordBatchHeader
        do throws(RecordBatchError) {
            header = try RecordBatchHeader(rest)
        } catch {
            throw damage("\(error)")
        }
        guard header.baseOffset == nextOffset, header.lastOffsetDelta >= 0 else {
            throw damage("the batch has offset \(header.baseOffset), must be \(nextOffset)")
        }
        guard Int64(header.totalByteCount) <= limit - position else {
            throw damage("the batch of \(header.totalByteCount) bytes is cut, \(limit - position) are there")
        }
        try fill(header.totalByteCount)
        let bytes = UnsafeRawBufferPointer(rebasing: rest[..<header.totalByteCount])
        guard RecordBatch.hasValidChecksum(bytes, header: header) else {
            throw damage("the checksum of the batch at offset \(header.baseOffset) is wrong")
        }
        let batch = Batch(header: header, bytes: bytes, position: position)
        position += Int64(header.totalByteCount)
        nextOffset = header.nextOffset
        return batch
    }

    private var rest: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: window.bytes[Int(position - windowStart)...])
    }

    /// Sees to it that `count` bytes from the position on are in the window.
    private mutating func fill(_ count: Int) throws(LogError) {
        let place = position - windowStart
        if place >= 0, place + Int64(count) <= Int64(window.count) { return }
        // This much will not be read again soon; others need the page cache more.
        posix_fadvise(handle.descriptor, off_t(windowStart), off_t(place), POSIX_FADV_DONTNEED)
        window.removeAll()
        windowStart = position
        let (handle, start) = (handle, position)
        let wanted = Int(min(limit - position, Int64(max(count, Self.windowBytes))))
        try window.writeInPlace(maximum: wanted) { room throws(LogError) in try handle.read(into: room, at: start) }
        guard window.count >= count else { throw damage("\(window.count) bytes are left, \(count) are needed") }
    }

    private func damage(_ reason: String) -> LogError {
        .corruptLog(file: handle.path, position: position, reason: reason)
    }
}
