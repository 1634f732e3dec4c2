import RdKafka
import StateStore
import Synchronization
import Telemetry

/// A running processor: polls, processes, writes, commits; all on one thread.
final class TaskInstance {
    struct Task {
        let runner: TaskRunner
        var inputs: Set<TopicPartition>
    }

    /// Tasks whose partitions were given up with all committed; kept until the next assignment tells whose they are.
    struct Suspended {
        var generation: Int32 = 0
        var runners: [Int32: TaskRunner] = [:]
    }

    let core: InstanceCore
    let make: ProcessorDefinition.Make
    let isTransactional: Bool
    var tasks: [Int32: Task] = [:]
    var suspended = Suspended()
    var restorers: [Restorer] = []
    var epochs = EpochQueue()
    var isInTransaction = false
    /// When the open epoch got its first record, and when timers are due; monotonic nanoseconds.
    private var openSince: Int64 = 0
    private var punctuationDue: Int64 = 0
    var wasAssigned = false

    /// Input counts as drained when nothing comes for so long; then positions are committed.
    private static let drainedAfter = Duration.milliseconds(5)

    init(_ core: InstanceCore, _ make: @escaping ProcessorDefinition.Make) {
        self.core = core
        self.make = make
        isTransactional = core.definition.delivery == .exactlyOnce
    }

    func run() throws {
        do {
            try core.join()
            if isTransactional { try core.writer.producer.initTransactions(deadline: core.settings.requestDeadline) }
            punctuationDue = core.monotonic + Self.nanoseconds(core.definition.punctuationInterval ?? .zero)
            while !core.stop.isSet { try step() }
        } catch is TaskRunner.Interrupted {
            // Stopped between two tries of a record: what came before it is finished below.
        } catch {
            if isInTransaction { try? core.writer.producer.abortTransaction(deadline: InstanceCore.stopDeadline) }
            core.close(handler: nil)
            closeTasks()
            throw error
        }
        core.show(.stopping, core.consumer.assignment)
        let outcome = Result { try finish(deadline: InstanceCore.stopDeadline, partitions: nil) }
        core.close(handler: self)
        closeTasks()
        try outcome.get()
    }

    private func step() throws {
        core.ledger.isAwaited.store(epochs.isWaiting, ordering: .relaxed)
        let batch = try core.consumer.poll(
            maxRecords: core.settings.pollRecordsMax,
            timeout: pollTimeout,
            handler: self
        )
        if !batch.isEmpty { try process(batch) }
        let interval = Self.nanoseconds(core.definition.commitInterval)
        if epochs.isDirty && (batch.isEmpty || core.monotonic - openSince >= interval) { try closeEpoch() }
        try pump()
        if !restorers.isEmpty { try restore() }
        if core.definition.punctuationInterval != nil { try punctuate() }
    }

    private var pollTimeout: Duration {
        if !restorers.isEmpty { return .zero }
        if epochs.isDirty { return Self.drainedAfter }
        var timeout = epochs.isWaiting || core.committer.isPending ? Duration.milliseconds(50) : .milliseconds(500)
        if core.definition.punctuationInterval != nil {
            timeout = min(timeout, .nanoseconds(max(0, punctuationDue - core.monotonic)))
        }
        return timeout
    }

    private func process(_ batch: borrowing RecordBatch) throws {
        let began = core.monotonic
        if !epochs.isDirty { openSince = began }
        if isTransactional && !isInTransaction {
            try core.writer.producer.beginTransaction()
            isInTransaction = true
        }
        var count = 0
        defer {
            core.metrics.recordsIn.add(count)
            if count > 0 {
                core.metrics.processTime.observe(nanoseconds: (core.monotonic - began) / Int64(count))
            }
        }
        for run in batch.runs {
            guard let runner = tasks[run.partition.partition]?.runner else { continue }
            var next: Int64?
            defer {
                if let next { epochs.processed(run.partition, next: next) }
                runner.view.clear()
            }
            for index in run.range {
                let record = batch[index]
                runner.view.show(record, topic: run.partition.topic)
                if case .deadLettered(let failure) = try runner.run(write: write) {
                    core.deadLettered(failure, run.partition, record.offset)
                }
                next = record.offset + 1
                count += 1
            }
        }
        core.metrics.bytesIn.add(batch.byteCount)
    }

    private func write(_ output: OutputRecord) throws {
        try core.write(output, tag: epochs.tag)
        epochs.wrote()
    }

    private func punctuate() throws {
        guard let interval = core.definition.punctuationInterval, core.monotonic >= punctuationDue else { return }
        punctuationDue = core.monotonic + Self.nanoseconds(interval)
        guard restorers.isEmpty else { return }
        if isTransactional && !isInTransaction {
            try core.writer.producer.beginTransaction()
            isInTransaction = true
        }
        if !epochs.isDirty { openSince = core.monotonic }
        for (_, task) in tasks.sorted(by: { $0.key < $1.key }) { try task.runner.punctuate(write: write) }
    }

    // MARK: Commit

    /// Ends the open epoch: writes what changed in the stores; in a transaction also commits.
    private func closeEpoch() throws {
        for (number, task) in tasks.sorted(by: { $0.key < $1.key }) {
            for store in core.definition.stores {
                for change in task.runner.stores[store]?.takeChanges() ?? [] {
                    try write(
                        OutputRecord(
                            topic: core.definition.changelogTopic(store),
                            partition: number,
                            key: change.key,
                            value: change.value,
                            headers: [],
                            timestamp: core.now
                        )
                    )
                }
            }
        }
        if isTransactional { try commitTransaction() }
        epochs.close()
    }

    private func commitTransaction() throws {
        guard isInTransaction else { return }
        let deadline = core.settings.requestDeadline
        let began = core.monotonic
        let producer = core.writer.producer
        try producer.flush(deadline: deadline)
        epochs.acknowledge(try core.ledger.takeAcknowledged())
        if let group = core.consumer.groupMetadata {
            try producer.sendOffsets(epochs.openPositions, group: group, deadline: deadline)
        }
        try producer.commitTransaction(deadline: deadline)
        isInTransaction = false
        core.metrics.commits.add()
        core.metrics.commitTime.observe(nanoseconds: core.monotonic - began)
    }

    /// Moves positions on whose outputs are acknowledged.
    private func pump() throws {
        epochs.acknowledge(try core.ledger.takeAcknowledged())
        let complete = epochs.takeComplete()
        guard !isTransactional else { return }
        core.committer.add(complete)
        try core.committer.pump(now: core.monotonic)
    }

    /// Writes and commits all that is processed, and waits for it.
    func finish(deadline: Duration, partitions: [TopicPartition]?) throws {
        if epochs.isDirty { try closeEpoch() }
        guard !isTransactional else { return }
        try core.writer.producer.flush(deadline: deadline)
        epochs.acknowledge(try core.ledger.takeAcknowledged())
        core.committer.add(epochs.takeComplete())
        try core.committer.commitNow(partitions, deadline: deadline)
    }

    func showState() {
        guard !core.stop.isSet else { return }
        let partitions = tasks.values.flatMap(\.inputs).sorted()
        let isRestoring = restorers.contains { !$0.isDone }
        core.show(isRestoring ? .restoring : wasAssigned ? .running : .starting, partitions)
    }

    private func closeTasks() {
        for (_, task) in tasks.sorted(by: { $0.key < $1.key }) { task.runner.close() }
        tasks = [:]
        closeSuspended()
    }

    static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return Int64(clamping: seconds) &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
