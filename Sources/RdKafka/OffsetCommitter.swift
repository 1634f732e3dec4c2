package import Telemetry

/// Commits positions in the background, one request at a time; used by the consuming thread.
package final class OffsetCommitter {
    private let consumer: Consumer
    private let log: Logger
    private let committed: (_ nanoseconds: Int64) -> Void
    private var waiting: [TopicPartition: Int64] = [:]
    private var sent: [TopicPartition: Int64]?
    private var sentAt: Int64 = 0
    private var retryAt: Int64 = 0

    /// A failed commit is tried again after so long.
    private static let retryNanoseconds: Int64 = 100_000_000

    /// `committed`: Told of each commit that succeeded and how long it took.
    package init(_ consumer: Consumer, _ log: Logger, committed: @escaping (_ nanoseconds: Int64) -> Void) {
        self.consumer = consumer
        self.log = log
        self.committed = committed
    }

    /// Whether something is not committed yet.
    package var isPending: Bool { !waiting.isEmpty || sent != nil }

    package func add(_ offsets: [TopicPartition: Int64]) { waiting.merge(offsets) { max($0, $1) } }

    /// Takes the answer that came and sends what waits.
    ///
    /// `now`: Monotonic nanoseconds.
    package func pump(now: Int64) throws(KafkaError) {
        for result in consumer.takeCommitResults() {
            if let error = result {
                try refused(error, now)
            } else {
                committed(now - sentAt)
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
    package func commitNow(_ partitions: [TopicPartition]?, deadline: Duration) throws(KafkaError) {
        var left = waiting.merging(sent ?? [:]) { max($0, $1) }
        if let partitions { left = left.filter { partitions.contains($0.key) } }
        guard !left.isEmpty else { return }
        let began = ContinuousClock.now
        try consumer.commit(left, deadline: deadline)
        committed(Int64((ContinuousClock.now - began) / .nanoseconds(1)))
        forget(Array(left.keys))
    }

    /// Drops positions of partitions that are not ours any more.
    package func forget(_ partitions: [TopicPartition]) {
        for partition in partitions {
            waiting[partition] = nil
            sent?[partition] = nil
        }
        if sent?.isEmpty == true { sent = nil }
    }
}
