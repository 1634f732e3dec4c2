import Clocks
import KafkaProtocol
import Synchronization

/// One partition's log: append record batches, read them back, wait for either end to move.
///
/// All methods may be called from any thread; none waits for a write to the disk. Reads of old data that is no longer in memory wait for the disk to deliver it.
package final class PartitionLog: @unchecked Sendable {  // Sendable holds: variables are guarded by `lock`
    package let name: TopicPartition
    let services: LogServices
    let directory: String
    let lock = Lock()
    /// Held while index files are read or written; taken before `lock`, never after it.
    let indexLock = Lock()

    // Guarded by the lock.
    var settings: PartitionSettings
    /// Oldest first; the last takes the appends.
    ///
    /// Never empty.
    var segments: [Segment] = []
    /// Recent bytes, oldest first, without a gap up to the end of the log.
    var chunks: [LogChunk] = []
    var endOffset: Int64 = 0
    var producers = ProducerTable()
    var transactions = OpenTransactions()
    var undo: [ProducerUndo] = []
    var durableWaits: [DurableWait] = []
    var ahead = AheadReads()
    var readWaits: [RegisteredReadWait] = []
    var nextWaitID = 0
    var stopped: LogError?
    /// The places of damage that the operator has heard of.
    var reportedDamage: Set<String> = []
    /// How often bytes that were appended had to be taken back because they could not be written.
    var generation = 0
    /// The last few times, the newest at the end.
    var takeBacks: [TakeBack] = []
    /// Damage was found when the partition was opened: what is in the files cannot be trusted.
    var isUnreadable = false
    var isClosed = false
    /// In the writers' queue.
    var isQueued = false
    /// A writer thread is at work on it.
    var isWriting = false
    var isSyncScheduled = false
    /// The cleaner is at its files.
    var isBeingCleaned = false
    /// Used by the writer alone.
    var lastFailureReport: UInt64 = 0
    var lastAppendMilliseconds: Int64 = 0
    var chunkSizeClass = 0
    /// The directory of the partition is there.
    var directoryExists = false
    /// What the last checkpoint covered, to see whether a new one is due.
    var checkpointedOffset: Int64 = -1
    var snapshotOffset: Int64 = -1
    var bytesSinceSnapshot: Int64 = 0

    // Read without the lock, changed with it.
    private let watermark = Atomic<Int64>(0)
    private let start = Atomic<Int64>(0)
    private let unstable = Atomic<Int64>(.max)

    init(name: TopicPartition, settings: PartitionSettings, services: LogServices) {
        self.name = name
        self.settings = settings
        self.services = services
        directory = "\(services.path)/\(name)"
        lastAppendMilliseconds = services.clock.monotonicMilliseconds
    }

    /// The first offset that can be read.
    package internal(set) var logStartOffset: Int64 {
        get { start.load(ordering: .acquiring) }
        set { start.store(newValue, ordering: .releasing) }
    }

    /// The offset behind the last durable record: readers see what is below.
    package internal(set) var highWatermark: Int64 {
        get { watermark.load(ordering: .acquiring) }
        set { watermark.store(newValue, ordering: .releasing) }
    }

    /// The offset that the next record gets; ahead of the high watermark while writes are under way.
    package var logEndOffset: Int64 { lock.withLock { endOffset } }

    /// Where readers of committed records end: the first open transaction, else the high watermark.
    package var lastStableOffset: Int64 {
        // In this order: a transaction is known before the high watermark passes its first record.
        let end = highWatermark
        return min(end, max(unstable.load(ordering: .acquiring), logStartOffset))
    }

    /// Makes a change of the open transactions known to readers.
    ///
    /// Call it with the lock held.
    func publishTransactions() {
        unstable.store(transactions.firstUnstableOffset ?? .max, ordering: .releasing)
    }

    /// Bytes of record batches in all segments.
    package var byteCount: Int64 { lock.withLock { segments.reduce(0) { $0 + $1.size } } }

    package var segmentCount: Int { lock.withLock { segments.count } }

    /// Why the partition stands still, nil while it works.
    package var stopReason: LogError? { lock.withLock { stopped } }

    /// Why nothing of the log can be told: synced data is damaged, so its end is not zero, it is not known.
    package var unreadableReason: LogError? { lock.withLock { isUnreadable ? stopped : nil } }

    /// Replaces the settings; they hold from the next append on.
    package func update(settings: PartitionSettings) { lock.withLock { self.settings = settings } }

    var hasFiles: Bool { lock.withLock { directoryExists } }

    var active: Segment { segments[segments.count - 1] }

    func report(_ severity: LogEvent.Severity, _ message: String) {
        services.onEvent(LogEvent(severity: severity, partition: name, message: message))
    }
}

/// A failed write took back what was appended and not yet durable.
struct TakeBack {
    /// Ends with it.
    let generation: Int
    /// Everything below was durable.
    let offset: Int64
    let error: LogError
}

/// How to take one batch out of the producer table again.
struct ProducerUndo {
    let offset: Int64
    let producerID: Int64
    let entry: ProducerTable.Entry?
}
