import Clocks
package import Synchronization
package import Telemetry

/// What the partitions of one directory share.
final class LogServices: Sendable {
    let path: String
    let settings: LogDirectorySettings
    let clock: Clock
    let onEvent: @Sendable (LogEvent) -> Void
    let chunks: ChunkPool
    let reads = ReadBufferPool()
    let cache: LogCache
    let writers: WriterPool
    let readers: ReaderPool
    let rootSync: DirectorySync
    let statistics = LogStatistics()
    /// Bytes appended and not yet written, of all partitions.
    let pendingBytes = Atomic<Int>(0)

    init(
        path: String,
        settings: LogDirectorySettings,
        clock: Clock,
        onEvent: @escaping @Sendable (LogEvent) -> Void
    ) {
        self.path = path
        self.settings = settings
        self.clock = clock
        self.onEvent = onEvent
        chunks = ChunkPool(limit: settings.cacheBytes)
        cache = LogCache(limit: settings.cacheBytes)
        writers = WriterPool(threads: settings.writerThreads)
        readers = ReaderPool(threads: settings.readerThreads)
        rootSync = DirectorySync(path: path)
    }
}

/// Counts of what a directory has done since it was opened.
package final class LogStatistics: Sendable {
    package init() {}

    /// Bytes of record batches appended.
    package let appendedBytes = Atomic<Int>(0)
    package let appendedBatches = Atomic<Int>(0)
    /// Bytes written to segment files.
    package let writtenBytes = Atomic<Int>(0)
    /// Of each write to a segment file; in `always` mode it is durable then.
    package let writeSeconds = Histogram()
    /// Of each sync that comes later, in the other modes.
    package let syncSeconds = Histogram()
    package let writeFailures = Atomic<Int>(0)
    /// Bytes that readers got from memory and from files.
    package let readMemoryBytes = Atomic<Int>(0)
    package let readFileBytes = Atomic<Int>(0)
    /// Rounds of compaction, and the bytes of the segments they went over, before and after.
    package let cleanerRounds = Atomic<Int>(0)
    package let cleanerBytesBefore = Atomic<Int>(0)
    package let cleanerBytesAfter = Atomic<Int>(0)
}

/// Decides which partition gives up its oldest chunk when the recent batches of all take too much memory.
final class LogCache: @unchecked Sendable {  // Sendable holds: the queue is touched under the lock
    private struct Entry {
        weak var log: PartitionLog?
        weak var chunk: LogChunk?
        let bytes: Int
    }

    private let limit: Int
    private let lock = Lock()
    private var queue: [Entry] = []
    private var head = 0
    private var bytes = 0

    init(limit: Int) { self.limit = limit }

    /// Takes note of a new chunk.
    func add(_ chunk: LogChunk, of log: PartitionLog) {
        lock.withLock {
            queue.append(Entry(log: log, chunk: chunk, bytes: chunk.capacity))
            bytes += chunk.capacity
        }
    }

    /// Drops the oldest chunks until the bound holds, or a tighter one; those still waiting for the disk stay.
    ///
    /// Call it without locks.
    func shrink(to limit: Int = .max) {
        let limit = min(limit, self.limit)
        // Each entry is looked at no more than once a call, so chunks that cannot go do not make it spin.
        var looks = lock.withLock { queue.count - head }
        while looks > 0, let entry = popIfOver(limit) {
            looks -= 1
            guard let chunk = entry.chunk, let log = entry.log else { continue }
            if !log.evict(chunk) { pushBack(entry) }
        }
    }

    private func popIfOver(_ limit: Int) -> Entry? {
        lock.withLock {
            guard bytes > limit, head < queue.count else { return nil }
            let entry = queue[head]
            queue[head] = Entry(log: nil, chunk: nil, bytes: 0)
            head += 1
            bytes -= entry.bytes
            if head > 256 && head > queue.count / 2 {
                queue.removeFirst(head)
                head = 0
            }
            return entry
        }
    }

    private func pushBack(_ entry: Entry) {
        lock.withLock {
            queue.append(entry)
            bytes += entry.bytes
        }
    }
}
