import RdKafka
import StateStore
import Telemetry

/// Reads changelog partitions back into stores, up to where they ended when it began.
///
/// It ends at a position: gaps of compaction and control records at the end do not hold it up.
final class Restorer: RebalanceHandler {
    private let consumer: Consumer
    private var stores: [TopicPartition: TrackedStore]
    private var targets: [TopicPartition: Int64] = [:]
    private let metrics: ProcessorMetrics
    private(set) var restored = 0

    /// `stores`: The store behind each changelog partition.
    init(
        brokers: String,
        settings: [String: String],
        stores: [TopicPartition: TrackedStore],
        metrics: ProcessorMetrics,
        deadline: Duration
    ) throws {
        self.stores = stores
        self.metrics = metrics
        let own = ["enable.partition.eof": "true", "fetch.wait.max.ms": "10", "client.id": "restore"]
        consumer = try Consumer(brokers: brokers, group: nil, settings: settings.merging(own) { $1 })
        var starts: [TopicPartition: OffsetPosition] = [:]
        let begin = try consumer.offsetsForTimes(stores.mapValues { _ in -2 }, deadline: deadline)
        let end = try consumer.offsetsForTimes(stores.mapValues { _ in -1 }, deadline: deadline)
        for partition in stores.keys {
            let first = begin[partition] ?? 0
            let last = end[partition] ?? 0
            if last > first {
                starts[partition] = .offset(first)
                targets[partition] = last
            } else {
                self.stores[partition] = nil
            }
        }
        if !starts.isEmpty { try consumer.assign(starts) }
    }

    /// Changelog partitions that are not restored yet.
    var remaining: Set<TopicPartition> { Set(targets.keys) }
    var isDone: Bool { targets.isEmpty }

    /// Applies what is there, or waits for it.
    func step(timeout: Duration) throws {
        guard !isDone else { return }
        let batch = try consumer.poll(maxRecords: 10_000, maxBytes: 8 << 20, timeout: timeout, handler: self)
        for run in batch.runs {
            guard let store = stores[run.partition] else { continue }
            for index in run.range {
                let record = batch[index]
                guard let key = record.key else { continue }
                store.restore(Array(key), record.value.map { Array($0) })
            }
            restored += run.range.count
            if let target = targets[run.partition], let position = consumer.position(run.partition), position >= target
            {
                targets[run.partition] = nil
            }
        }
        let left = targets.reduce(Int64(0)) { $0 + max(0, $1.value - (consumer.position($1.key) ?? 0)) }
        metrics.restoreRemaining.set(left)
    }

    func partitionEnded(_ partition: TopicPartition, offset: Int64) {
        if let target = targets[partition], offset >= target { targets[partition] = nil }
    }

    /// Gives up what is not ours any more.
    func drop(_ partitions: [TopicPartition]) {
        for partition in partitions {
            targets[partition] = nil
            stores[partition] = nil
        }
    }
}
