import CLinux
import Glibc
import KafkaProtocol

/// One segment of a partition: a file of record batches from a base offset on.
///
/// The file may be larger than its contents: space ahead is reserved and reads as zeros.
final class Segment: @unchecked Sendable {  // Sendable holds: the variables are guarded by the partition's lock
    let baseOffset: Int64
    /// The path of the files, without the extension.
    let stem: String
    /// Bytes of batches, written or not.
    var size: Int64
    /// Bytes of batches that are written, and synced where the topic asks for it: what readers may see.
    var written: Int64
    /// Bytes that a sync has covered.
    var synced: Int64
    /// The file is there.
    var exists: Bool
    /// The size of the file; space between `size` and this is reserved.
    var allocated: Int64
    /// Up to here the file was written at least once, so that rewriting needs no new metadata.
    var touched: Int64
    /// A newer segment takes the appends.
    var isRolled = false
    /// Cut to its size, its indexes written: nothing more will be done to its files.
    var isSealed = false
    var index = SegmentIndex()
    /// Where the last index entry points; appends add one every `indexIntervalBytes`.
    var lastIndexedPosition: Int64 = 0
    /// The latest time of any record, -1 without records.
    var maxTimestamp: Int64 = -1
    /// The same as of `written`, to go back to when a write fails.
    var writtenMaxTimestamp: Int64 = -1
    /// The file must be made even if nothing is appended: it keeps the end offset of a log that was emptied.
    var mustExist = false
    /// The share of `segment.jitter.ms` by which it is rolled early, so that not all partitions do it at once.
    var jitter: Double { Double(UInt32(truncatingIfNeeded: stem.hashValue)) / 4_294_967_296 }
    /// When the first append came, for rolling by age.
    var firstAppendMilliseconds: Int64 = 0
    /// Transactions that were aborted in this segment.
    var aborted = AbortedIndex()
    /// Producers as they were when the segment was rolled, to be written beside it.
    var producersAtRoll: ProducerTable?

    private var directHandle: FileHandle?
    private var directIsSynced = false
    private var refusesDirect = false
    private var bufferedHandle: FileHandle?
    private var readHandle: FileHandle?
    private var directReadHandle: FileHandle?
    private var refusesDirectReads = false

    /// It is being replaced or takes the place of others: retention has to wait.
    var isHeld = false
    /// Another name while the segment takes the place of others.
    var swapPath: String?

    var logPath: String { swapPath ?? stem + ".log" }
    var indexPath: String { stem + ".index" }
    var timeIndexPath: String { stem + ".timeindex" }
    var abortedIndexPath: String { stem + ".txnindex" }

    /// Every file of the segment, the batches first.
    var paths: [String] { [logPath, indexPath, timeIndexPath, abortedIndexPath] }

    /// A segment that has no file yet.
    init(directory: String, baseOffset: Int64) {
        self.baseOffset = baseOffset
        stem = "\(directory)/\(Self.name(baseOffset))"
        size = 0
        written = 0
        synced = 0
        exists = false
        allocated = 0
        touched = 0
    }

    /// The 20 digits that name a segment's files.
    static func name(_ offset: Int64) -> String {
        let digits = String(offset)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    /// Says that the file holds `size` bytes of batches, all of them on disk.
    func adopt(size: Int64, fileSize: Int64, maxTimestamp: Int64) {
        exists = true
        self.size = size
        written = size
        synced = size
        // A file that was cut may end anywhere; what is reserved behind it must be whole blocks, or direct writes fail.
        allocated = fileSize / Int64(WriterScratch.blockBytes) * Int64(WriterScratch.blockBytes)
        touched = size
        self.maxTimestamp = maxTimestamp
        writtenMaxTimestamp = maxTimestamp
        lastIndexedPosition = size
    }

    /// Notes that the batch with this base offset begins at `position`.
    func addIndexEntry(offset: Int64, position: Int64) {
        guard let relative = UInt32(exactly: offset - baseOffset), let narrow = UInt32(exactly: position) else {
            return
        }
        index.append(
            SegmentIndex.Entry(relativeOffset: relative, position: narrow),
            time: SegmentIndex.TimeEntry(timestamp: maxTimestamp, relativeOffset: relative)
        )
        lastIndexedPosition = position
    }

    /// The file open for reading.
    ///
    /// Call it with the lock held.
    func reader() throws(LogError) -> FileHandle {
        if let readHandle { return readHandle }
        let handle = try FileHandle(path: logPath, flags: O_RDONLY)
        // Readers that are not at the tail go from old to new: more read-ahead makes them several times as fast.
        posix_fadvise(handle.descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        readHandle = handle
        return handle
    }

    /// The file open for reading past the page cache, nil where the file system has no such thing.
    ///
    /// Call it with the lock held.
    func directReader() throws(LogError) -> FileHandle? {
        if let directReadHandle { return directReadHandle }
        guard !refusesDirectReads else { return nil }
        do throws(LogError) {
            directReadHandle = try FileHandle(path: logPath, flags: O_RDONLY | soma_o_direct())
        } catch .input(_, _, code: EINVAL) {
            refusesDirectReads = true
        } catch {
            throw error
        }
        return directReadHandle
    }

    /// Notes that the file system opens files for direct reads and then does not do them.
    ///
    /// Call it with the lock held.
    func refuseDirectReads() {
        refusesDirectReads = true
        directReadHandle = nil
    }

    /// The file open for writing, made if need be; only its writer thread calls this.
    ///
    /// `direct` means past the page cache, which some file systems refuse: the answer says what it is. With `synced` a
    /// direct write is durable when it returns.
    func writer(direct: Bool, synced: Bool = false) throws(LogError) -> (handle: FileHandle, isDirect: Bool) {
        if direct, !refusesDirect {
            if let directHandle, directIsSynced == synced { return (directHandle, true) }
            do throws(LogError) {
                let flags = O_RDWR | O_CREAT | soma_o_direct() | (synced ? O_DSYNC : 0)
                let handle = try FileHandle(path: logPath, flags: flags)
                directHandle = handle
                directIsSynced = synced
                return (handle, true)
            } catch .input(_, _, code: EINVAL) {
                refusesDirect = true  // tmpfs and some network file systems: through the page cache instead
            } catch {
                throw error
            }
        }
        if let bufferedHandle { return (bufferedHandle, false) }
        let handle = try FileHandle(path: logPath, flags: O_RDWR | O_CREAT)
        bufferedHandle = handle
        return (handle, false)
    }

    /// Notes that the file system opens files for direct writes and then does not take them.
    func refuseDirect() {
        refusesDirect = true
        directHandle = nil
    }

    /// Closes the files; they open again when needed.
    func closeFiles() {
        closeWriter()
        readHandle = nil
        directReadHandle = nil
    }

    func closeWriter() {
        directHandle = nil
        bufferedHandle = nil
    }
}
