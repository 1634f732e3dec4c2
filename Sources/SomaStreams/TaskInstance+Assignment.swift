import RdKafka
import StateStore
import Telemetry

/// Partitions come and go: tasks are made, restored, suspended and closed.
///
/// The group rebalances eagerly: every member commits and gives its partitions up before it joins again. librdkafka's
/// cooperative mode goes on committing while it waits for the group, under a generation that ends meanwhile; the
/// refusal makes version 2.0.2 drop its whole assignment. Tasks that come back to the same member keep their state.
extension TaskInstance: RebalanceHandler {
    func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) throws {
        core.metrics.rebalances.add()
        wasAssigned = true
        var fresh: [Int32] = []
        // Ours in this generation and in the one before it: nobody else can have written the state in between.
        if generation != suspended.generation + 1 { closeSuspended() }
        defer { closeSuspended() }
        for partition in partitions {
            if tasks[partition.partition] == nil {
                if let kept = suspended.runners.removeValue(forKey: partition.partition) {
                    tasks[partition.partition] = Task(runner: kept, inputs: [])
                } else {
                    tasks[partition.partition] = try makeTask(partition.partition)
                    fresh.append(partition.partition)
                }
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

    func restore() throws {
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
        var isCommitted = false
        defer { drop(partitions, keeping: isCommitted) }
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
            isCommitted = true
        } catch let error as KafkaError where !isTransactional {
            // The next owner starts from the last commit and makes the same outputs with the same ids again.
            core.log.warning("partitions revoked before their commit", ["reason": .value(error)])
            epochs.forget(partitions)
            core.committer.forget(partitions)
        }
    }

    private func drop(_ partitions: [TopicPartition], keeping isCommitted: Bool) {
        suspended.generation = generation
        let restoring = restorers.reduce(into: Set<Int32>()) { $0.formUnion($1.remaining.map(\.partition)) }
        for partition in partitions {
            let number = partition.partition
            guard var task = tasks[number] else { continue }
            task.inputs.remove(partition)
            guard task.inputs.isEmpty else {
                tasks[number] = task
                continue
            }
            tasks[number] = nil
            if isCommitted && !restoring.contains(number) && !core.stop.isSet {
                suspended.runners[number] = task.runner
                continue
            }
            task.runner.close()
            let changelogs = core.definition.stores.map { TopicPartition(core.definition.changelogTopic($0), number) }
            for restorer in restorers { restorer.drop(changelogs) }
        }
        showState()
    }

    /// The generation of the group as this member knows it.
    private var generation: Int32 { core.consumer.groupMetadata?.generation ?? -1 }

    func closeSuspended() {
        for (_, runner) in suspended.runners.sorted(by: { $0.key < $1.key }) { runner.close() }
        suspended.runners = [:]
    }

    func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? {
        core.outOfRange(partition, position)
    }
}
