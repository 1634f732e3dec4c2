import Synchronization

/// One data directory: its partitions, the threads that write them, and the lock that keeps a second process out.
///
/// All methods may be called from any thread.
package final class LogDirectory: Sendable {
    package let path: String
    /// Names the cluster for ever; kept in `meta.properties`.
    package let clusterID: String
    /// The last process closed the directory in order: nothing had to be checked.
    package let wasClosedCleanly: Bool

    private let partitions = Mutex<[TopicPartition: PartitionLog]>([:])
    private let clock: @Sendable () -> Int64

    /// Takes the directory, which is created if need be.
    ///
    /// - Parameter clock: Milliseconds since 1970, for log append times and retention.
    /// - Parameter onEvent: Called from any thread with what the operator should hear; must not block.
    /// - Throws: `.directoryInUse` when another process has it, `.unknownFormat` when a newer version wrote it.
    package init(
        path: String, settings: LogDirectorySettings = LogDirectorySettings(),
        clock: @escaping @Sendable () -> Int64 = systemMilliseconds,
        onEvent: @escaping @Sendable (LogEvent) -> Void = { _ in }
    ) throws(LogError) {
        self.path = path
        clusterID = settings.clusterID ?? "soma"
        wasClosedCleanly = true
        self.clock = clock
    }

    /// The partitions that have files, sorted. One that was opened and never written has none: what topics exist is for
    /// the owner to remember.
    package func existing() -> [TopicPartition] { partitions.withLock { $0.keys.sorted() } }

    /// Opens a partition; its files are made at the first append. Opening it again returns the same object.
    ///
    /// Damaged data below the recovery point does not throw: the partition opens stopped, and every call on it answers
    /// with the file and the position (`PartitionLog.stopReason`).
    package func open(
        topic: String, partition: Int32, settings: PartitionSettings = PartitionSettings()
    ) throws(LogError) -> PartitionLog {
        let name = TopicPartition(topic: topic, partition: partition)
        return partitions.withLock { all in
            if let log = all[name] { return log }
            let log = PartitionLog(name: name, settings: settings, clock: clock)
            all[name] = log
            return log
        }
    }

    /// The partition if it is open.
    package func partition(_ name: TopicPartition) -> PartitionLog? { partitions.withLock { $0[name] } }

    /// Closes a partition and deletes its files. Waiters get `.closed`.
    package func remove(topic: String, partition: Int32) throws(LogError) {
        let name = TopicPartition(topic: topic, partition: partition)
        let log = partitions.withLock { $0.removeValue(forKey: name) }
        log?.close()
    }

    /// Too many bytes wait for the disk: stop reading requests until this is false again.
    package var isCongested: Bool { false }

    /// Deletes segments that are past their topic's retention, rolls old active segments, forgets expired producers and
    /// idle buffers. Blocks on the disk: call it every few seconds from a thread that may wait.
    package func maintain() {
        for log in partitions.withLock({ Array($0.values) }) { log.enforceRetention(now: clock()) }
    }

    /// Writes what waits, syncs, marks the directory clean and lets it go. Blocks; later appends answer `.closed`.
    package func close() {
        let all = partitions.withLock { all in
            defer { all = [:] }
            return Array(all.values)
        }
        for log in all { log.close() }
    }
}
