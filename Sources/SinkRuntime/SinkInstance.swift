import Clocks
import RdKafka
import Telemetry

/// A running sink: polls, gathers, writes, commits; all on one thread.
final class SinkInstance: RebalanceHandler {
    private let definition: SinkDefinition
    private let settings: SinkSettings
    private let metrics: SinkMetrics
    private let log: Logger
    private let stop: StopSignal
    private let status: SinkRunner.StatusBox
    private let consumer: Consumer
    private let committer: OffsetCommitter
    private let deadLetters: SinkDeadLetters
    private let sink: any Sink
    private var waker = 0
    /// Read and not stored yet, in order of offset within each partition.
    private var pending: [SinkRecord] = []
    private var pendingBytes = 0
    private var pendingSince: Int64 = 0
    /// The next offset of each partition that the sink does not hold yet, as far as this instance wrote it.
    private var stored: [TopicPartition: Int64] = [:]
    /// While a batch is tried again nothing is read.
    private var isRetrying = false

    private static let stopDeadline = Duration.milliseconds(800)

    init(
        _ definition: SinkDefinition,
        _ brokers: String,
        _ settings: SinkSettings,
        _ metrics: SinkMetrics,
        _ log: Logger,
        _ stop: StopSignal,
        _ status: SinkRunner.StatusBox
    ) throws {
        self.definition = definition
        self.settings = settings
        self.metrics = metrics
        self.log = log
        self.stop = stop
        self.status = status
        sink = try definition.make()
        var own = ["client.id": definition.name]
        if let id = settings.instanceID { own["group.instance.id"] = "\(definition.name)-\(id)" }
        consumer = try Consumer(
            brokers: brokers,
            group: definition.name,
            start: definition.start,
            settings: own.merging(settings.consumer) { $1 }
        )
        committer = OffsetCommitter(consumer, log) { _ in }
        deadLetters = SinkDeadLetters(definition.name, brokers, settings)
        let waker = consumer.waker
        self.waker = stop.onSet { waker.wake() }
    }

    deinit { stop.remove(waker) }

    private var monotonic: Int64 { settings.clock.monotonicNanoseconds }

    func run() throws {
        do {
            try sink.open()
            try consumer.subscribe(definition.topics)
            while !stop.isSet { try step() }
            show(.stopping)
            try flush()
            try committer.commitNow(nil, deadline: Self.stopDeadline)
        } catch is Interrupted {
            // Stopped while a batch was tried again: its records are read again at the next start.
        } catch {
            close()
            throw error
        }
        close()
    }

    /// The stop came while a batch was tried again.
    private struct Interrupted: Error {}

    private func close() {
        pending = []
        do { try consumer.close(deadline: Self.stopDeadline, handler: self) } catch {
            log.warning("left the group with an error", ["reason": .value(error)])
        }
        sink.close()
        deadLetters.close()
    }

    private func step() throws {
        let batch = try consumer.poll(maxRecords: definition.recordsMax, timeout: pollTimeout, handler: self)
        gather(batch)
        let isFull = pending.count >= definition.recordsMax || pendingBytes >= definition.bytesMax
        if !pending.isEmpty && (isFull || age >= definition.linger) { try flush() }
        try committer.pump(now: monotonic)
    }

    private var age: Duration { .nanoseconds(monotonic - pendingSince) }

    private var pollTimeout: Duration {
        if !pending.isEmpty { return max(.zero, definition.linger - age) }
        return committer.isPending ? .milliseconds(50) : .milliseconds(500)
    }

    private func gather(_ batch: borrowing RecordBatch) {
        guard !batch.isEmpty else { return }
        if pending.isEmpty { pendingSince = monotonic }
        for run in batch.runs {
            for index in run.range {
                let record = SinkRecord(batch[index], run.partition, defaultTypes: definition.defaultTypes)
                pendingBytes += record.byteCount
                pending.append(record)
            }
        }
    }

    // MARK: Writing

    /// Stores what is pending, whatever it takes, and lets its positions be committed.
    private func flush() throws {
        guard !pending.isEmpty else { return }
        // Records stay in `pending` until stored: a rebalance in between takes those of lost partitions out.
        try storePending()
        pending = []
        pendingBytes = 0
    }

    private func storePending() throws {
        var backoff = definition.backoff
        while true {
            // A part of a batch that was stored before another part failed is not stored twice.
            pending.removeAll { $0.offset < stored[$0.place] ?? 0 }
            guard !pending.isEmpty else { return committer.add(stored) }
            let records = pending
            do {
                try write(records[...])
                committer.add(Self.positions(records[...]))
                return
            } catch SinkError.fenced(let reason) {
                throw SinkError.fenced(reason)
            } catch let error where !(error is KafkaError) {
                metrics.retries.add()
                log.warning("batch is tried again", ["reason": .value(error), "pause": .value("\(backoff)")])
                try waitForRetry(backoff)
                backoff = min(backoff * 2, definition.backoffMax)
            }
        }
    }

    /// Pauses and goes on polling, so that the group keeps this member.
    private func waitForRetry(_ pause: Duration) throws {
        isRetrying = true
        try consumer.pause(consumer.assignment)
        let end = monotonic + Int64(pause / .nanoseconds(1))
        while monotonic < end {
            guard !stop.isSet else { throw Interrupted() }
            let left = Duration.nanoseconds(end - monotonic)
            gather(try consumer.poll(maxRecords: 1, timeout: min(left, .milliseconds(100)), handler: self))
        }
        isRetrying = false
        try consumer.resume(consumer.assignment.filter { consumer.isPaused($0) })
    }

    /// Stores records, setting aside those that the sink will never take.
    private func write(_ records: ArraySlice<SinkRecord>) throws {
        let began = monotonic
        do {
            try store(Array(records), upTo: records)
        } catch SinkError.refused(let refusals) {
            try setAside(refusals, of: records)
            return
        } catch SinkError.damaged(let code, let message) {
            guard records.count > 1 else {
                try setAside([.init(index: 0, code: code, message: message)], of: records)
                return
            }
            let middle = records.startIndex + records.count / 2
            try write(records[..<middle])
            try write(records[middle...])
            return
        }
        metrics.batches.add()
        metrics.records.add(records.count)
        metrics.bytes.add(records.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) })
        metrics.writeTime.observe(nanoseconds: monotonic - began)
    }

    /// Dead-letters refused records and stores the others, with positions after all of them.
    private func setAside(_ refusals: [SinkError.Refusal], of records: ArraySlice<SinkRecord>) throws {
        let bad = refusals.filter { $0.index >= 0 && $0.index < records.count }
        guard !bad.isEmpty else { throw SinkError.transient("the sink refused records that it did not name") }
        for refusal in bad {
            let record = records[records.startIndex + refusal.index]
            try deadLetters.write(record, refusal)
            metrics.deadLettered.add()
            log.warning(
                "record dead-lettered",
                [
                    "record": .value("\(record.place)/\(record.offset)"), "code": .value(refusal.code),
                    "reason": .value(refusal.message),
                ]
            )
        }
        // A dead letter must be in the log before its record counts as read.
        try deadLetters.flush(deadline: settings.requestDeadline)
        let indexes = Set(bad.map(\.index))
        let good = records.enumerated().filter { !indexes.contains($0.offset) }.map(\.element)
        if good.isEmpty {
            try store([], upTo: records)
            return
        }
        try write(good[...])
        if Self.positions(good[...]) != Self.positions(records) { try store([], upTo: records) }
    }

    private func store(_ taken: [SinkRecord], upTo records: ArraySlice<SinkRecord>) throws {
        let positions = Self.positions(records)
        try sink.write(SinkBatch(records: taken, positions: positions))
        stored.merge(positions) { max($0, $1) }
    }

    private static func positions(_ records: ArraySlice<SinkRecord>) -> [TopicPartition: Int64] {
        var positions: [TopicPartition: Int64] = [:]
        for record in records { positions[record.place] = record.offset + 1 }
        return positions
    }

    // MARK: Assignment

    func partitionsWillBeAssigned(_ partitions: [TopicPartition]) throws -> [TopicPartition: OffsetPosition] {
        guard !partitions.isEmpty else { return [:] }
        let generation = consumer.groupMetadata?.generation ?? 0
        let stored = try sink.claim(partitions, generation: generation)
        return stored.mapValues { .offset($0) }
    }

    func partitionsAssigned(_ partitions: [TopicPartition], positions: [TopicPartition: Int64]) throws {
        metrics.rebalances.add()
        // A sink's position may lie before what this instance stored in an earlier assignment.
        for partition in partitions { stored[partition] = nil }
        if isRetrying { try consumer.pause(partitions) }
        show(.running)
    }

    func partitionsWillBeRevoked(_ partitions: [TopicPartition], isLost: Bool) throws {
        metrics.rebalances.add()
        let gone = Set(partitions)
        if !isLost && !isRetrying && !stop.isSet {
            // The next owner reads from the stored position; what cannot be stored now is stored by it.
            let ours = pending.filter { gone.contains($0.place) }
            do {
                if !ours.isEmpty { try write(ours[...]) }
                committer.add(stored.filter { gone.contains($0.key) })
                try committer.commitNow(partitions, deadline: settings.requestDeadline)
            } catch {
                log.warning("partitions revoked before their records were stored", ["reason": .value(error)])
            }
        }
        pending.removeAll { gone.contains($0.place) }
        pendingBytes = pending.reduce(0) { $0 + $1.byteCount }
        committer.forget(partitions)
        sink.release(partitions)
        show(stop.isSet ? .stopping : .running, without: gone)
    }

    func offsetIsOutOfRange(_ partition: TopicPartition, position: Int64) -> OffsetPosition? { definition.outOfRange }

    private func show(_ state: SinkRunner.Status.State, without gone: Set<TopicPartition> = []) {
        let partitions = consumer.assignment.filter { !gone.contains($0) }.map(\.description)
        status.update {
            $0.state = state
            $0.partitions = partitions
        }
    }
}
