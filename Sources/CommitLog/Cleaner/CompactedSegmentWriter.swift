import Bytes
import Glibc
import KafkaProtocol

/// Writes the segment that takes the place of one or several.
///
/// Where batches are left out, one batch without records covers their offsets: the log stays without a gap, so that a
/// reader always has a batch to move on with and damage is as visible as anywhere. As long as nothing has changed nothing
/// is written either: a segment that loses nothing is left alone.
struct CompactedSegmentWriter: ~Copyable {
    private static let bufferBytes = 1 << 20

    private let path: String
    private let baseOffset: Int64
    private let indexInterval: Int
    /// The first segment that is replaced: what has not changed is copied from it.
    private let original: FileHandle
    private var handle: FileHandle?
    private var buffer = ByteWriter(capacity: 4096)
    private var scan: SegmentScan.Result
    /// Offsets from `scan.nextOffset` on that were left out.
    private var gapEnd: Int64
    /// The gap is what one batch without records covered before.
    private var gapIsOld = false
    private var leaderEpoch: Int32 = 0

    init(path: String, baseOffset: Int64, indexInterval: Int, original: FileHandle) {
        self.path = path
        self.baseOffset = baseOffset
        self.indexInterval = indexInterval
        self.original = original
        scan = SegmentScan.Result(end: 0, nextOffset: baseOffset)
        gapEnd = baseOffset
    }

    /// Something differs from the first segment, so there is a file.
    var hasChanged: Bool { handle != nil }

    /// Takes a batch as it is.
    mutating func keep(_ batch: UnsafeRawBufferPointer, header: RecordBatchHeader) throws(LogError) {
        try closeGap()
        if handle != nil { buffer.writeBytes(batch) }
        try note(header)
    }

    /// Takes another batch in the place of one.
    mutating func replace(with batch: UnsafeRawBufferPointer, header: RecordBatchHeader) throws(LogError) {
        try startWriting()
        try keep(batch, header: header)
    }

    /// Leaves a batch out.
    mutating func drop(_ header: RecordBatchHeader) throws(LogError) {
        gapIsOld = gapEnd == scan.nextOffset && header.isFiller
        if !gapIsOld { try startWriting() }
        gapEnd = header.nextOffset
        leaderEpoch = header.leaderEpoch
    }

    /// From here on nothing is the first segment's.
    mutating func startWriting() throws(LogError) {
        guard handle == nil else { return }
        let target = try FileHandle(path: path, flags: O_RDWR | O_CREAT | O_TRUNC)
        handle = target
        var position: Int64 = 0
        while position < scan.end {
            let count = Int(min(scan.end - position, Int64(Self.bufferBytes)))
            buffer.removeAll()
            let (original, start) = (original, position)
            try buffer.writeInPlace(maximum: count) { room throws(LogError) in try original.read(into: room, at: start)
            }
            guard buffer.count == count else {
                throw .corruptLog(file: original.path, position: position, reason: "the file ends before the log does")
            }
            try target.write(buffer.bytes, at: position)
            position += Int64(count)
        }
        buffer.removeAll()
    }

    /// Completes the file and makes it durable; nil when nothing has changed.
    mutating func finish() throws(LogError) -> SegmentScan.Result? {
        try closeGap()
        guard let handle else { return nil }
        try flush(handle)
        try handle.sync()
        return scan
    }

    private mutating func closeGap() throws(LogError) {
        guard gapEnd > scan.nextOffset else { return }
        if !gapIsOld { try startWriting() }
        let header = RecordBatchHeader.filler(from: scan.nextOffset, to: gapEnd, leaderEpoch: leaderEpoch)
        if handle != nil { RecordBatchFilter.encodeEmpty(header, into: &buffer) }
        var framed = header
        framed.batchLength = Int32(RecordBatchHeader.byteCount - RecordBatchHeader.lengthOverhead)
        try note(framed)
    }

    private mutating func note(_ header: RecordBatchHeader) throws(LogError) {
        scan.add(header, baseOffset: baseOffset, indexInterval: indexInterval)
        gapEnd = scan.nextOffset
        leaderEpoch = header.leaderEpoch
        if let handle, buffer.count >= Self.bufferBytes { try flush(handle) }
    }

    private mutating func flush(_ handle: FileHandle) throws(LogError) {
        try handle.write(buffer.bytes, at: scan.end - Int64(buffer.count))
        buffer.removeAll()
    }
}
