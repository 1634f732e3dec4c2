package import Clocks
import Glibc
import Synchronization

/// One data directory: its partitions, the threads that write them, and the lock that keeps a second process out.
///
/// All methods may be called from any thread.
package final class LogDirectory: @unchecked Sendable {  // Sendable holds: the variables are touched under the lock
    package let path: String
    /// Names the cluster for ever; kept in `meta.properties`.
    package let clusterID: String
    /// The last process closed the directory in order: nothing has to be checked.
    package let wasClosedCleanly: Bool

    private let services: LogServices
    private let cleaner: LogCleaner
    private let lockFile: FileHandle
    private let lock = Lock()
    /// One at a time writes checkpoint files.
    private let checkpointLock = Lock()
    private var partitions: [TopicPartition: PartitionLog] = [:]
    /// Partitions that have files and are not open.
    private var unopened: Set<TopicPartition>
    private var cleanEnds: [TopicPartition: [Int64]]
    private var recoveryPoints: [TopicPartition: [Int64]]
    private var logStarts: [TopicPartition: [Int64]]
    private var storedLogStarts: [TopicPartition: [Int64]]
    private var isClosed = false
    /// Bytes that had been appended when the logs were last asked how far they are synced.
    private var checkpointedBytes = 0
    /// Bytes appended and read up to the last round of maintenance.
    private var lastTraffic = 0

    /// Takes the directory, which is created if need be.
    ///
    /// `onEvent`: Called from any thread with what the operator should hear; must not block.
    /// - Throws: `.directoryInUse` when another process has it, `.unknownFormat` when a newer version wrote it.
    package init(
        path: String,
        settings: LogDirectorySettings = LogDirectorySettings(),
        clock: Clock = .system,
        onEvent: @escaping @Sendable (LogEvent) -> Void = { _ in }
    ) throws(LogError) {
        self.path = path
        try FileSystem.makeDirectory(path)
        lockFile = try FileHandle(path: "\(path)/.lock", flags: O_RDWR | O_CREAT)
        guard flock(lockFile.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .directoryInUse(path: path) }
        clusterID = try MetaProperties.open(in: path, clusterID: settings.clusterID)
        let marker = try Checkpoint.read(Self.cleanMarker(path))
        wasClosedCleanly = marker != nil
        cleanEnds = marker ?? [:]
        // First of all: if this process dies, the next one must not trust the marker.
        try FileSystem.removeFile(Self.cleanMarker(path))
        try FileSystem.syncDirectory(path)
        recoveryPoints = try Checkpoint.read(Self.recoveryPoints(path)) ?? [:]
        storedLogStarts = try Checkpoint.readWhole(Self.logStarts(path)) ?? [:]
        logStarts = storedLogStarts
        unopened = []
        for name in try FileSystem.names(in: path) {
            if name.hasSuffix(Self.deletedSuffix) {
                try FileSystem.removeDirectory("\(path)/\(name)")
            } else if let partition = TopicPartition(directoryName: name), FileSystem.isDirectory("\(path)/\(name)") {
                unopened.insert(partition)
            }
        }
        services = LogServices(path: path, settings: settings, clock: clock, onEvent: onEvent)
        cleaner = try LogCleaner(services: services, settings: settings.cleaner)
        if settings.cleaner.isEnabled { cleaner.start { [weak self] in self?.openPartitions ?? [] } }
    }

    var openPartitions: [PartitionLog] { lock.withLock { Array(partitions.values) } }

    private static let deletedSuffix = "-delete"
    static func cleanMarker(_ path: String) -> String { "\(path)/clean-shutdown" }
    static func recoveryPoints(_ path: String) -> String { "\(path)/recovery-point-offset-checkpoint" }
    static func logStarts(_ path: String) -> String { "\(path)/log-start-offset-checkpoint" }

    package var statistics: LogStatistics { services.statistics }

    /// Bytes appended and not yet written.
    package var pendingBytes: Int { services.pendingBytes.load(ordering: .relaxed) }

    /// Memory that holds recent batches.
    package var cachedBytes: Int { services.chunks.usedBytes.load(ordering: .relaxed) }

    /// Too many bytes wait for the disk: stop reading requests until this is false again.
    package var isCongested: Bool { pendingBytes > services.settings.pendingByteLimit / 2 }

    /// The partitions that have files, sorted.
    ///
    /// One that was opened and never written has none: what topics exist is for the owner to remember.
    package func existing() -> [TopicPartition] {
        lock.withLock {
            (Array(unopened) + partitions.values.filter { $0.hasFiles }.map(\.name)).sorted()
        }
    }

    /// Opens a partition; its files are made at the first append.
    ///
    /// Opening it again returns the same object.
    ///
    /// Damaged synced data does not throw: the partition opens stopped, and every call on it answers with the file and
    /// the position (`PartitionLog.stopReason`).
    package func open(
        topic: String,
        partition: Int32,
        settings: PartitionSettings = PartitionSettings()
    ) throws(LogError) -> PartitionLog {
        let name = TopicPartition(topic: topic, partition: partition)
        return try lock.withLock { () throws(LogError) in
            if isClosed { throw .closed }
            if let log = partitions[name] { return log }
            var memory = PartitionMemory(
                recoveryPoint: recoveryPoints[name]?.first,
                logStartOffset: logStarts[name]?.first
            )
            memory.hadNoProducers = recoveryPoints[name]?.dropFirst().first == 1
            if let end = cleanEnds[name], end.count == 2 { memory.cleanEnd = (end[0], end[1]) }
            let log = PartitionLog(name: name, settings: settings, services: services)
            try log.load(memory)
            partitions[name] = log
            cleanEnds[name] = nil
            unopened.remove(name)
            return log
        }
    }

    /// The partition if it is open.
    package func partition(_ name: TopicPartition) -> PartitionLog? { lock.withLock { partitions[name] } }

    /// Closes a partition and deletes its files.
    ///
    /// Waiters get `.closed`. Blocks.
    package func remove(topic: String, partition: Int32) throws(LogError) {
        let name = TopicPartition(topic: topic, partition: partition)
        let log = lock.withLock {
            unopened.remove(name)
            cleanEnds[name] = nil
            recoveryPoints[name] = nil
            logStarts[name] = nil
            return partitions.removeValue(forKey: name)
        }
        log?.abandon()
        cleaner.forget(name)
        // The checkpoints first: a new partition of that name must not inherit what they say.
        try writeCheckpoints()
        let directory = "\(path)/\(name)"
        guard FileSystem.isDirectory(directory) else { return }
        let doomed = "\(directory).\(monotonicNanoseconds())\(Self.deletedSuffix)"
        try FileSystem.rename(directory, to: doomed)
        try services.rootSync.sync()
        try FileSystem.removeDirectory(doomed)
    }

    /// Moves a partition's log start up to `offset` (-1: the high watermark), durably.
    ///
    /// Blocks.
    ///
    /// - Returns: The new log start offset.
    /// - Throws: `.offsetOutOfRange` for an offset above the high watermark.
    package func deleteRecords(of log: PartitionLog, before offset: Int64) throws(LogError) -> Int64 {
        let start = try log.moveLogStart(to: offset)
        lock.withLock { logStarts[log.name] = [start] }
        try writeCheckpoints()
        return start
    }

    /// Deletes segments that are past their topic's retention, forgets expired producers, gives idle memory back, and
    /// notes how far the logs are synced, which bounds the work of a start after a crash.
    ///
    /// Blocks on the disk: call it every second or few from a thread that may wait.
    package func maintain() {
        let now = services.clock.wallMilliseconds
        let monotonic = services.clock.monotonicMilliseconds
        let all = lock.withLock { Array(partitions.values) }
        let isQuiet = isQuiet()
        let patience = isQuiet ? services.settings.idleMilliseconds : services.settings.busyIdleMilliseconds
        for log in all {
            log.enforceRetention(now: now)
            log.expireProducers(now: now)
            log.releaseIfIdle(now: monotonic, after: patience)
            log.dropAheadReads(now: monotonic)
        }
        checkpoint(all)
        if isQuiet {
            services.cache.shrink(to: Self.quietCacheBytes)
            services.chunks.trim()
        }
        services.reads.releaseIfIdle()
    }

    /// Notes how far the logs are synced when much was written since that was done: what a start after a crash has to
    /// read stays bounded in bytes, not only in time.
    ///
    /// Blocks on the disk when there is something to note; cheap otherwise.
    package func checkpointIfBehind() {
        let appended = services.statistics.appendedBytes.load(ordering: .relaxed)
        guard appended - lock.withLock({ checkpointedBytes }) >= Self.unnotedBytesMax else { return }
        checkpoint(lock.withLock { Array(partitions.values) })
    }

    private static let unnotedBytesMax = 128 << 20

    private func checkpoint(_ all: [PartitionLog]) {
        let appended = services.statistics.appendedBytes.load(ordering: .relaxed)
        lock.withLock { checkpointedBytes = appended }
        var isChanged = false
        for log in all {
            guard let point = log.checkpoint() else { continue }
            lock.withLock { recoveryPoints[log.name] = [point.offset, point.hasNoProducers ? 1 : 0] }
            isChanged = true
        }
        noteLogStarts(all)
        if isChanged || lock.withLock({ logStarts != storedLogStarts }) {
            do throws(LogError) {
                try writeCheckpoints()
            } catch {
                services.onEvent(
                    LogEvent(severity: .warning, partition: nil, message: "checkpoint not written: \(error)")
                )
            }
        }
    }

    /// Traffic between two rounds of maintenance below which the directory counts as quiet.
    private static let quietTrafficBytes = 1 << 20
    /// What a quiet directory keeps in memory for readers.
    private static let quietCacheBytes = 16 << 20

    private func isQuiet() -> Bool {
        let statistics = services.statistics
        let traffic =
            statistics.appendedBytes.load(ordering: .relaxed) + statistics.readMemoryBytes.load(ordering: .relaxed)
            + statistics.readFileBytes.load(ordering: .relaxed)
        return lock.withLock {
            defer { lastTraffic = traffic }
            return traffic - lastTraffic < Self.quietTrafficBytes
        }
    }

    /// Compacts what is worth it, on the calling thread, until nothing is.
    ///
    /// Blocks.
    package func clean() { while cleaner.cleanOne(openPartitions) {} }

    /// Writes what waits, syncs, marks the directory clean and lets it go.
    ///
    /// Blocks; later appends answer `.closed`.
    package func close() {
        let all = lock.withLock { () -> [PartitionLog] in
            guard !isClosed else { return [] }
            isClosed = true
            return Array(partitions.values)
        }
        cleaner.stop()
        noteLogStarts(all)
        for log in all {
            guard let end = log.close() else { continue }
            lock.withLock {
                cleanEnds[log.name] = [end.offset, end.byteCount]
                recoveryPoints[log.name] = [end.offset, end.hasNoProducers ? 1 : 0]
            }
        }
        services.writers.stop()
        services.readers.stop()
        do throws(LogError) {
            try writeCheckpoints()
            try Checkpoint.write(lock.withLock { cleanEnds }, to: Self.cleanMarker(path), directory: path)
        } catch {
            services.onEvent(
                LogEvent(
                    severity: .warning,
                    partition: nil,
                    message: "not marked clean, the next start checks: \(error)"
                )
            )
        }
        flock(lockFile.descriptor, LOCK_UN)
    }

    private func noteLogStarts(_ all: [PartitionLog]) {
        lock.withLock {
            for log in all where log.logStartOffset > 0 { logStarts[log.name] = [log.logStartOffset] }
        }
    }

    private func writeCheckpoints() throws(LogError) {
        try checkpointLock.withLock { () throws(LogError) in
            let (points, starts) = lock.withLock { (recoveryPoints, logStarts) }
            try Checkpoint.write(points, to: Self.recoveryPoints(path), directory: path)
            try Checkpoint.write(starts, to: Self.logStarts(path), directory: path)
            lock.withLock { storedLogStarts = starts }
        }
    }
}
