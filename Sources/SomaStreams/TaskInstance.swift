import RdKafka
import StateStore
import Synchronization
import Telemetry

/// A running processor: polls, processes, writes, commits; all on one thread.
final class TaskInstance: RebalanceHandler {
    private struct Task {
        let runner: TaskRunner
        var inputs: Set<TopicPartition>
    }

    private let core: InstanceCore
    private let make: ProcessorDefinition.Make
    private let isTransactional: Bool
    private var tasks: [Int32: Task] = [:]
    private var restorers: [Restorer] = []
    private var epochs = EpochQueue()
    private var isInTransaction = false
    /// When the open epoch got its first record, and when timers are due; monotonic nanoseconds.
    private var openSince: Int64 = 0
    private var punctuationDue: Int64 = 0
    private var wasAssigned = false

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
    private func finish(deadline: Duration, partitions: [TopicPartition]?) throws {
        if epochs.isDirty { try closeEpoch() }
        guard !isTransactional else { return }
        try core.writer.producer.flush(deadline: deadline)
        epochs.acknowledge(try core.ledger.takeAcknowledged())
        core.committer.add(epochs.takeComplete())
        try core.committer.commitNow(partitions, deadline: deadline)
    }

    // MARK: Assignment

    func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) throws {
        core.metrics.rebalances.add()
        wasAssigned = true
        var fresh: [Int32] = []
        for partition in partitions {
            if tasks[partition.partition] == nil {
                tasks[partition.partition] = try makeTask(partition.partition)
                fresh.append(partition.partition)
            }
            tasks[partition.partition]?.inputs.insert(partition)
        }
        if !core.definition.stores.isEmpty && !fresh.isEmpty {
            // Nothing is read of a task before its state is there.
            try core.consumer.pause(partitions.filter { fresh.contains($0.partition) })
            try beginRestore(fresh)
        }
        showState()
    }

    private func makeTask(_ number: Int32) throws -> Task {
        var stores: [String: TrackedStore] = [:]
        for name in core.definition.stores { stores[name] = TrackedStore(MemoryStore(name: name)) }
        let stop = core.stop
        let host = TaskRunner.Host(pause: { !stop.wait($0) }) { [unowned core] in core.failed($0, isRetried: $1) }
        let runner = try TaskRunner(
            core.definition,
            partition: number,
            stores: stores,
            clock: core.clock,
            host: host,
            make: make
        )
        return Task(runner: runner, inputs: [])
    }

    private func beginRestore(_ numbers: [Int32]) throws {
        var stores: [TopicPartition: TrackedStore] = [:]
        for number in numbers {
            for (name, store) in tasks[number]?.runner.stores ?? [:] {
                stores[TopicPartition(core.definition.changelogTopic(name), number)] = store
            }
        }
        restorers.append(
            try Restorer(
                brokers: core.brokers,
                settings: core.settings.consumer,
                stores: stores,
                metrics: core.metrics,
                deadline: core.settings.requestDeadline
            )
        )
    }

    private func restore() throws {
        for restorer in restorers where !restorer.isDone { try restorer.step(timeout: .milliseconds(20)) }
        let left = restorers.reduce(into: Set<Int32>()) { $0.formUnion($1.remaining.map(\.partition)) }
        let ready = core.consumer.assignment.filter {
            core.consumer.isPaused($0) && !left.contains($0.partition)
        }
        if !ready.isEmpty { try core.consumer.resume(ready) }
        let done = restorers.filter(\.isDone)
        guard !done.isEmpty else { return }
        core.log.info("state restored", ["records": .value(done.reduce(0) { $0 + $1.restored })])
        restorers.removeAll(where: \.isDone)
        showState()
    }

    func partitionsWillBeRevoked(_ partitions: [TopicPartition], isLost: Bool) throws {
        core.metrics.rebalances.add()
        defer { drop(partitions) }
        guard !isLost else {
            core.log.warning("partitions lost", ["partitions": .value(partitions.count)])
            epochs.forget(partitions)
            core.committer.forget(partitions)
            if isInTransaction {
                throw ProcessingError.transient("partitions_lost", "the group gave the partitions to another member")
            }
            return
        }
        do {
            try finish(deadline: core.settings.requestDeadline, partitions: partitions)
        } catch let error as KafkaError where !isTransactional {
            // The next owner starts from the last commit and makes the same outputs with the same ids again.
            core.log.warning("partitions revoked before their commit", ["reason": .value(error)])
            epochs.forget(partitions)
            core.committer.forget(partitions)
        }
    }

    private func drop(_ partitions: [TopicPartition]) {
        for partition in partitions {
            guard var task = tasks[partition.partition] else { continue }
            task.inputs.remove(partition)
            if task.inputs.isEmpty {
                task.runner.close()
                tasks[partition.partition] = nil
                let changelogs = core.definition.stores.map {
                    TopicPartition(core.definition.changelogTopic($0), partition.partition)
                }
                for restorer in restorers { restorer.drop(changelogs) }
            } else {
                tasks[partition.partition] = task
            }
        }
        showState()
    }

    func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? {
        core.outOfRange(partition, position)
    }

    private func showState() {
        guard !core.stop.isSet else { return }
        let partitions = tasks.values.flatMap(\.inputs).sorted()
        let isRestoring = restorers.contains { !$0.isDone }
        core.show(isRestoring ? .restoring : wasAssigned ? .running : .starting, partitions)
    }

    private func closeTasks() {
        for (_, task) in tasks.sorted(by: { $0.key < $1.key }) { task.runner.close() }
        tasks = [:]
    }

    static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return Int64(clamping: seconds) &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
