import RdKafka
import Synchronization
import Telemetry

/// A running asynchronous processor: polls, starts calls, commits what has finished; the calls run elsewhere.
final class CallInstance: RebalanceHandler {
    private let core: InstanceCore
    private let limits: AsyncLimits
    private let processor: any AsyncProcessor
    private let queue: AsyncQueue
    private let host: CallHost
    private let view: RecordView
    private var calls: [UInt: AsyncCall] = [:]
    private var acknowledged: [UInt: Int] = [:]
    /// Outputs that a finished record waits for.
    private var expected: [UInt: Int] = [:]
    private var isPaused = false
    private var wasAssigned = false
    /// Partitions given up in the rebalance under way, with calls that still run; and the generation before it.
    private var suspended: Set<TopicPartition> = []
    private var suspendedGeneration: Int32 = -1

    init(_ core: InstanceCore, _ limits: AsyncLimits, _ processor: any AsyncProcessor) {
        self.core = core
        self.limits = limits
        self.processor = processor
        queue = AsyncQueue(limits: limits, policy: core.definition.failure)
        view = RecordView(defaultTypes: core.definition.defaultTypes)
        let waker = core.consumer.waker
        host = CallHost(core.writer, clock: core.clock) { waker.wake() }
    }

    func run() throws {
        do {
            try core.join()
            while !core.stop.isSet { try step(starting: true, timeout: pollTimeout) }
        } catch {
            cancel(queue.revoke(core.consumer.assignment))
            core.close(handler: nil)
            processor.close()
            throw error
        }
        core.show(.stopping, core.consumer.assignment)
        let outcome = Result { try drain() }
        core.close(handler: self)
        processor.close()
        try outcome.get()
    }

    private var pollTimeout: Duration {
        guard let due = queue.nextRetry else { return .milliseconds(500) }
        return .milliseconds(min(500, max(0, due - core.monotonic / 1_000_000)))
    }

    private func step(starting: Bool, timeout: Duration) throws {
        core.ledger.isAwaited.store(!queue.isIdle, ordering: .relaxed)
        let batch = try core.consumer.poll(
            maxRecords: core.settings.pollRecordsMax,
            maxBytes: limits.waitingBytes,
            timeout: timeout,
            handler: self
        )
        take(batch)
        try takeEnded()
        for (id, count) in try core.ledger.takeAcknowledged() {
            acknowledged[id, default: 0] += count
            settle(id)
        }
        if starting { startReady() }
        if !isPaused && queue.isFull {
            try core.consumer.pause(core.consumer.assignment)
            isPaused = true
        } else if isPaused && starting && queue.hasRoom {
            try core.consumer.resume(core.consumer.assignment)
            isPaused = false
        }
        core.metrics.inFlight.set(queue.inFlight)
        core.committer.add(queue.takePositions())
        // Between two assignments a commit would come under a generation that is over.
        if suspended.isEmpty { try core.committer.pump(now: core.monotonic) }
    }

    private func take(_ batch: borrowing RecordBatch) {
        guard !batch.isEmpty else { return }
        for run in batch.runs {
            for index in run.range {
                view.show(batch[index], topic: run.partition.topic)
                queue.add(OwnedRecord(copying: view))
            }
        }
        view.clear()
        core.metrics.recordsIn.add(batch.count)
        core.metrics.bytesIn.add(batch.byteCount)
    }

    private func startReady() {
        for entry in queue.takeReady(now: core.monotonic / 1_000_000) {
            let call = AsyncCall(
                id: entry.id,
                record: entry.record,
                retry: entry.retry,
                definition: core.definition,
                host: host
            )
            calls[entry.id] = call
            processor.start(entry.record, call)
        }
    }

    private func takeEnded() throws {
        for ended in host.takeEnded() {
            calls[ended.id] = nil
            guard let failure = ended.failure else {
                queue.finished(ended.id)
                expected[ended.id] = ended.written
                settle(ended.id)
                continue
            }
            switch queue.failed(ended.id, failure, now: core.monotonic / 1_000_000) {
            case .none: forget(ended.id)
            case .stop(let failure): throw failure
            case .retry: core.failed(failure, isRetried: true)
            case .deadLetter(let entry):
                core.failed(failure, isRetried: false)
                let record = entry.record
                core.deadLettered(failure, TopicPartition(record.topic, record.partition), record.offset)
                let letter = DeadLetter.record(record, failure, processor: core.definition.name, now: core.now)
                try core.ensureDeadLetterTopic(letter.topic)
                try host.write(letter, id: ended.id)
                expected[ended.id] = host.written(ended.id)
                settle(ended.id)
            }
        }
    }

    /// A finished record is done when all its outputs are in the log.
    private func settle(_ id: UInt) {
        guard let expected = expected[id] else {
            if queue[id] == nil { forget(id) }
            return
        }
        guard acknowledged[id, default: 0] >= expected else { return }
        queue.acknowledged(id)
        forget(id)
    }

    private func forget(_ id: UInt) {
        expected[id] = nil
        acknowledged[id] = nil
        host.forget(id)
    }

    private func cancel(_ ids: [UInt]) {
        for id in ids { calls.removeValue(forKey: id)?.cancel() }
    }

    /// Waits for what is in flight, gives up the rest, commits.
    private func drain() throws {
        if !isPaused {
            try core.consumer.pause(core.consumer.assignment)
            isPaused = true
        }
        let end = ContinuousClock.now + limits.drain
        while queue.inFlight > 0 && ContinuousClock.now < end {
            try step(starting: false, timeout: .milliseconds(20))
        }
        try core.writer.producer.flush(deadline: InstanceCore.stopDeadline)
        try step(starting: false, timeout: .zero)
        try core.committer.commitNow(nil, deadline: InstanceCore.stopDeadline)
        cancel(queue.revoke(core.consumer.assignment + suspended))
    }

    // MARK: Assignment

    /// Goes on behind the records that are still being worked on.
    func partitionsWillBeAssigned(_ partitions: [TopicPartition]) -> [TopicPartition: OffsetPosition] {
        let generation = core.consumer.groupMetadata?.generation ?? -1
        let isNext = generation == suspendedGeneration + 1
        // Ours in this generation and in the one before it: nobody else has seen these records in between.
        let kept = isNext ? suspended.intersection(partitions) : []
        let gone = suspended.subtracting(kept)
        cancel(queue.revoke(Array(gone)))
        core.committer.forget(Array(gone))
        suspended = []
        var starts: [TopicPartition: OffsetPosition] = [:]
        for partition in kept {
            if let next = queue.nextOffset(partition) { starts[partition] = .offset(next) }
        }
        return starts
    }

    func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) throws {
        core.metrics.rebalances.add()
        wasAssigned = true
        if isPaused { try core.consumer.pause(partitions) }
        showState(core.consumer.assignment)
    }

    /// Commits what is done; what is being worked on goes on until it is known whether the partitions come back.
    func partitionsWillBeRevoked(_ partitions: [TopicPartition], isLost: Bool) throws {
        core.metrics.rebalances.add()
        let left = Set(partitions)
        defer { showState(core.consumer.assignment.filter { !left.contains($0) }) }
        do {
            core.committer.add(queue.takePositions())
            if !isLost {
                try core.committer.commitNow(partitions, deadline: core.settings.requestDeadline)
                suspended.formUnion(partitions)
                suspendedGeneration = core.consumer.groupMetadata?.generation ?? -1
                return
            }
        } catch {
            core.log.warning("partitions revoked before their commit", ["reason": .value(error)])
        }
        cancel(queue.revoke(partitions))
        core.committer.forget(partitions)
    }

    func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? {
        core.outOfRange(partition, position)
    }

    private func showState(_ partitions: [TopicPartition]) {
        guard !core.stop.isSet else { return }
        core.show(wasAssigned ? .running : .starting, partitions)
    }
}
