package import RdKafka

/// A place outside the log that takes records together with how far it has read.
///
/// The contract is "atomic batch and position": `write` stores rows and positions in one transaction, so that after
/// any crash the rows are exactly those below the positions. A sink that cannot do so stores rows by their id and says
/// in its README that it is at-least-once. All calls come from one thread.
package protocol Sink: AnyObject {
    /// Opens connections; called once before the others.
    func open() throws

    /// Takes partitions over from whoever wrote them before, and says where they go on.
    ///
    /// `generation`: The group's generation; grows with each rebalance. Remember it, or an epoch of the sink's
    /// own, and refuse later writes of an older one with `SinkError.fenced`.
    /// Returns: The next offsets stored with the rows; partitions left out start at the group's committed offset.
    func claim(_ partitions: [TopicPartition], generation: Int32) throws -> [TopicPartition: Int64]

    /// Gives partitions back; nothing more will be written of them.
    func release(_ partitions: [TopicPartition])

    /// Stores the records and positions of a batch, all or nothing.
    ///
    /// - Throws: `SinkError`; any other error counts as transient.
    func write(_ batch: SinkBatch) throws

    /// Closes connections.
    func close()
}

extension Sink {
    package func open() {}
    package func release(_ partitions: [TopicPartition]) {}
    package func close() {}
}

/// What a sink stores in one transaction.
package struct SinkBatch: Sendable {
    /// In order of offset within each partition; empty when only positions move.
    package var records: [SinkRecord]
    /// The next offset to read of each partition, after these records.
    package var positions: [TopicPartition: Int64]

    package init(records: [SinkRecord], positions: [TopicPartition: Int64]) {
        self.records = records
        self.positions = positions
    }
}

/// Why a sink did not store a batch, by what happens next.
package enum SinkError: Error, CustomStringConvertible {
    /// A record that the sink will never take.
    package struct Refusal: Sendable {
        /// Its place in the batch.
        package var index: Int
        /// A stable word, such as `contract_violation`.
        package var code: String
        package var message: String

        package init(index: Int, code: String, message: String) {
            self.index = index
            self.code = code
            self.message = message
        }
    }

    /// It may pass by itself: the batch is tried again with backoff.
    case transient(String)
    /// These records go to the dead-letter topic, the rest is tried again at once.
    case refused([Refusal])
    /// Some record of the batch is at fault: the batch is halved until it is found.
    case damaged(code: String, message: String)
    /// Another task owns the partitions: this one lets go and joins again.
    case fenced(String)

    package var description: String {
        switch self {
        case .transient(let message): message
        case .refused(let records): "\(records.count) records refused: \(records.first?.message ?? "")"
        case .damaged(let code, let message): "\(code): \(message)"
        case .fenced(let message): "fenced: \(message)"
        }
    }
}
