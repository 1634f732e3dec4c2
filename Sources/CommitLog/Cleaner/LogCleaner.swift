import CLinux
import Clocks
import Glibc
import Synchronization

/// Compacts the partitions of a directory, the most urgent first and one at a time.
final class LogCleaner: @unchecked Sendable {  // Sendable holds: the variables are touched under the lock
    private let services: LogServices
    private let settings: CleanerSettings
    private let path: String
    private let lock = Lock()
    private var book: CleanerBook
    private var isStopping = false
    private var isRunning = false
    /// Bytes of the present second, for the budget.
    private var secondBegan: UInt64 = 0
    private var spentBytes = 0
    /// One round at a time, whoever asks for it.
    private let roundLock = Lock()

    init(services: LogServices, settings: CleanerSettings) throws(LogError) {
        self.services = services
        self.settings = settings
        path = Self.checkpoint(services.path)
        book = CleanerBook(try Checkpoint.read(path) ?? [:])
    }

    static func checkpoint(_ directory: String) -> String { "\(directory)/cleaner-offset-checkpoint" }

    /// Starts the thread; it asks `partitions` for what there is each time it looks.
    func start(_ partitions: @escaping @Sendable () -> [PartitionLog]) {
        let context = Unmanaged.passRetained(CleanerThread(cleaner: self, partitions: partitions))
        var thread = pthread_t()
        isRunning = pthread_create(&thread, nil, cleanerThreadMain, context.toOpaque()) == 0
        guard isRunning else { return context.release() }
        pthread_detach(thread)
    }

    /// Ends the round that is under way, which leaves the partition as it was, and the thread.
    func stop() {
        lock.withLock {
            isStopping = true
            lock.broadcast()
            while isRunning { lock.wait() }
        }
    }

    /// Forgets a partition that is removed.
    func forget(_ name: TopicPartition) { lock.withLock { book.forget(name) } }

    /// Does the most urgent round, if there is any.
    ///
    /// - Returns: Whether there was one that got further, so that looking again is worth it.
    func cleanOne(_ partitions: [PartitionLog]) -> Bool {
        roundLock.withLock {
            let now = services.clock.wallMilliseconds
            guard let (log, plan) = mostUrgent(partitions, now: now) else { return false }
            do throws(LogError) {
                let outcome = try log.clean(
                    plan,
                    keyBytesMax: settings.keyBytesMax,
                    now: now,
                    spend: { bytes throws(LogError) in try self.spend(bytes) }
                )
                services.statistics.cleanerRounds.wrappingAdd(1, ordering: .relaxed)
                services.statistics.cleanerBytesBefore.wrappingAdd(Int(outcome.bytesBefore), ordering: .relaxed)
                services.statistics.cleanerBytesAfter.wrappingAdd(Int(outcome.bytesAfter), ordering: .relaxed)
                lock.withLock { book.finished(log.name, outcome) }
                try Checkpoint.write(lock.withLock { book.stored }, to: path, directory: services.path)
                return outcome.firstDirtyOffset > plan.firstDirtyOffset || plan.dirtyBytes == 0
            } catch .closed {
                return false
            } catch {
                lock.withLock { book.failed(log.name, error, monotonic: services.clock.monotonicMilliseconds) }
                let rest = error.isTransient ? "tried again later" : "not compacted until a restart"
                log.report(error.isTransient ? .warning : .error, "compaction failed, \(rest): \(error)")
                return false
            }
        }
    }

    private func mostUrgent(_ partitions: [PartitionLog], now: Int64) -> (PartitionLog, CleanerPlan)? {
        var best: (log: PartitionLog, plan: CleanerPlan)?
        let monotonic = services.clock.monotonicMilliseconds
        for log in partitions {
            let (mayClean, firstDirty, horizon) = lock.withLock {
                (
                    book.mayClean(log.name, monotonic: monotonic), book.firstDirtyOffset(of: log.name),
                    book.nextDeleteHorizon(of: log.name)
                )
            }
            guard mayClean,
                var view = log.cleanerView(firstDirtyOffset: firstDirty, nextDeleteHorizon: horizon, now: now)
            else { continue }
            if view.settings.maxCompactionLagMilliseconds < .max {
                view.firstDirtyTimestamp = log.firstTimestamp(from: firstDirty)
            }
            guard let plan = CleanerPlan.decide(view, now: now) else { continue }
            if best.map({ plan.isMoreUrgent(than: $0.plan) }) ?? true { best = (log, plan) }
        }
        return best
    }

    /// Counts bytes and sleeps when the second's budget is used up.
    private func spend(_ bytes: Int) throws(LogError) {
        try lock.withLock { () throws(LogError) in
            if isStopping { throw .closed }
            let now = monotonicNanoseconds()
            if now - secondBegan >= 1_000_000_000 {
                secondBegan = now
                spentBytes = 0
            }
            spentBytes += bytes
            guard spentBytes > settings.bytesPerSecond else { return }
            // A batch larger than a second's budget takes its share of later ones.
            let end = secondBegan + UInt64(spentBytes / max(1, settings.bytesPerSecond)) * 1_000_000_000
            while !isStopping, monotonicNanoseconds() < end { lock.wait(untilNanoseconds: end) }
            if isStopping { throw .closed }
        }
    }

    fileprivate func run(_ partitions: () -> [PartitionLog]) {
        while !lock.withLock({ isStopping }) {
            while cleanOne(partitions()) {}
            lock.withLock {
                let end = monotonicNanoseconds() + UInt64(max(1, settings.pauseMilliseconds)) * 1_000_000
                while !isStopping, monotonicNanoseconds() < end { lock.wait(untilNanoseconds: end) }
            }
        }
        lock.withLock {
            isRunning = false
            lock.broadcast()
        }
    }
}

private final class CleanerThread: Sendable {
    let cleaner: LogCleaner
    let partitions: @Sendable () -> [PartitionLog]

    init(cleaner: LogCleaner, partitions: @escaping @Sendable () -> [PartitionLog]) {
        self.cleaner = cleaner
        self.partitions = partitions
    }
}

private func cleanerThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    soma_name_thread("log-cleaner")
    soma_lower_priority()
    let thread = Unmanaged<CleanerThread>.fromOpaque(context).takeRetainedValue()
    thread.cleaner.run(thread.partitions)
    return nil
}
