import CommitLog
import KafkaProtocol
import Synchronization

/// Where the transactional ids stand, for the threads that take batches: they ask when a batch would begin a transaction in
/// a partition.
///
/// A transaction is no longer open here before its decision is written, and its markers come after that: so no batch can
/// land behind a marker and in the producer's next transaction (the hole that KIP-890 closes).
final class TransactionTable: Sendable {
    private let states = Mutex<[String: TransactionState]>([:])

    func publish(_ state: TransactionState) { states.withLock { $0[state.id] = state } }

    func remove(_ id: String) { states.withLock { $0[id] = nil } }

    /// Whether a batch may begin its producer's transaction in a partition.
    func admits(_ id: String, _ header: RecordBatchHeader, to partition: TopicPartition) -> Bool {
        let asking = ProducerIdentity(id: header.producerID, epoch: header.producerEpoch)
        return states.withLock { $0[id]?.admits(asking, to: partition) ?? false }
    }

    /// What to tell a producer whose batch was not admitted: a fenced one must learn that it is.
    func refusal(_ id: String, _ header: RecordBatchHeader) -> ErrorCode {
        guard let current = states.withLock({ $0[id]?.producer }), current.id == header.producerID else {
            return .invalidProducerIDMapping
        }
        return current.epoch == header.producerEpoch ? .invalidTransactionState : .invalidProducerEpoch
    }
}
