import RdKafka
import Telemetry

/// Commits positions in the background, one request at a time; used by the consuming thread.
final class OffsetCommitter {
    private let consumer: Consumer
    private let metrics: ProcessorMetrics
    private let log: Logger
    private var waiting: [TopicPartition: Int64] = [:]
    private var sent: [TopicPartition: Int64]?
    private var sentAt: Int64 = 0
    private var retryAt: Int64 = 0

    /// A failed commit is tried again after so long.
    private static let retryNanoseconds: Int64 = 100_000_000

    init(_ consumer: Consumer, _ metrics: ProcessorMetrics, _ log: Logger) {
        self.consumer = consumer
        self.metrics = metrics
        self.log = log
    }

    /// Whether something is not committed yet.
    var isPending: Bool { !waiting.isEmpty || sent != nil }

    func add(_ offsets: [TopicPartition: Int64]) { waiting.merge(offsets) { max($0, $1) } }

    /// Takes the answer that came and sends what waits.
    func pump(now: Int64) throws(KafkaError) {
        for result in consumer.takeCommitResults() {
            if let error = result {
                try refused(error, now)
            } else {
                metrics.commits.add()
                metrics.commitTime.observe(nanoseconds: now - sentAt)
            }
            sent = nil
        }
        guard sent == nil, !waiting.isEmpty, now >= retryAt else { return }
        try consumer.commitLater(waiting)
        sent = waiting
        sentAt = now
        waiting = [:]
    }

    private func refused(_ error: KafkaError, _ now: Int64) throws(KafkaError) {
        switch error.code {
        case .illegalGeneration, .unknownMember:
            // Not a member any more: a rebalance follows, and its owner starts from the last commit.
            log.warning("positions were not committed", ["reason": .value(error)])
        case let code where error.isRetriable || code == .rebalanceInProgress || code == .noOffset:
            log.debug("commit is tried again", ["reason": .value(error)])
            if let sent { waiting.merge(sent) { max($0, $1) } }
            retryAt = now + Self.retryNanoseconds
        default: throw error
        }
    }

    /// Commits what is left of these partitions and waits for the answer.
    func commitNow(_ partitions: [TopicPartition]?, deadline: Duration) throws(KafkaError) {
        var left = waiting.merging(sent ?? [:]) { max($0, $1) }
        if let partitions { left = left.filter { partitions.contains($0.key) } }
        guard !left.isEmpty else { return }
        try consumer.commit(left, deadline: deadline)
        metrics.commits.add()
        forget(Array(left.keys))
    }

    /// Drops positions of partitions that are not ours any more.
    func forget(_ partitions: [TopicPartition]) {
        for partition in partitions {
            waiting[partition] = nil
            sent?[partition] = nil
        }
        if sent?.isEmpty == true { sent = nil }
    }
}
