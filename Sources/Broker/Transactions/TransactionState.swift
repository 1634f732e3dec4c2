package import CommitLog
package import KafkaProtocol

/// Who a producer says it is.
package struct ProducerIdentity: Equatable, Sendable {
    package let id: Int64
    package let epoch: Int16

    package init(id: Int64, epoch: Int16) {
        self.id = id
        self.epoch = epoch
    }
}

/// Where a transactional id stands, with Kafka's numbers and names.
package enum TransactionPhase: Int8, Sendable, CaseIterable {
    case empty = 0
    case ongoing = 1
    case prepareCommit = 2
    case prepareAbort = 3
    case completeCommit = 4
    case completeAbort = 5
    case dead = 6

    /// Kafka's name for it.
    package var name: String {
        let text = String(describing: self)
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// Decided, with markers still to be written.
    package var isPrepared: Bool { self == .prepareCommit || self == .prepareAbort }
}

/// What is known of one transactional id, and what becomes of it: a value without time or disk (KIP-98, KIP-360, KIP-890).
///
/// Every function looks at a request and says what must be durable before it is answered; the state itself changes only
/// when the coordinator takes the next one over.
package struct TransactionState: Equatable, Sendable {
    package let id: String
    /// -1 before the first.
    package internal(set) var producer: ProducerIdentity
    /// Who the producer was before its epoch was raised at its own wish: it may ask again when the answer was lost.
    package internal(set) var previous: ProducerIdentity?
    package internal(set) var timeoutMilliseconds: Int32
    package internal(set) var phase: TransactionPhase
    package internal(set) var partitions: Set<TopicPartition>
    /// When the transaction began, -1 outside one.
    package internal(set) var startMilliseconds: Int64
    package internal(set) var updateMilliseconds: Int64

    /// What a request comes to.
    package enum Step: Equatable, Sendable {
        case answer(ErrorCode)
        /// Make this durable, take it over, then answer.
        case write(TransactionState)
        /// Make this durable, write its markers, and ask again.
        case abortFirst(TransactionState)
        /// The epochs of the producer id are used up: ask again with a new one.
        case needsProducerID
    }

    /// A transactional id that nobody has used yet.
    package init(id: String, now: Int64) {
        self.id = id
        producer = ProducerIdentity(id: -1, epoch: -1)
        timeoutMilliseconds = 0
        phase = .empty
        partitions = []
        startMilliseconds = -1
        updateMilliseconds = now
    }

    /// The last epoch is kept for fencing.
    static let lastUsableEpoch = Int16.max - 1

    // MARK: Requests

    /// A producer begins or begins again.
    ///
    /// `expected`: who it was, when it raises its own epoch; nil for a new producer, which fences the one before.
    /// `newProducerID`: given after `.needsProducerID`.
    package func initialise(
        expected: ProducerIdentity?,
        timeoutMilliseconds: Int32,
        newProducerID: Int64?,
        now: Int64
    ) -> Step {
        if let expected, producer.id >= 0, !knows(expected) { return .answer(.producerFenced) }
        switch phase {
        case .prepareCommit, .prepareAbort, .dead: return .answer(.concurrentTransactions)
        case .ongoing:
            var next = self
            next.prepare(isCommit: false, now: now)
            next.raiseEpochForFencing()
            return .abortFirst(next)
        case .empty, .completeCommit, .completeAbort: break
        }
        var next = self
        next.phase = .empty
        next.timeoutMilliseconds = timeoutMilliseconds
        next.updateMilliseconds = now
        if let expected, let previous, expected == previous, producer.id >= 0 {
            // Asked again: the answer to the first time was lost.
            return .write(next)
        }
        if producer.id < 0 || producer.epoch >= Self.lastUsableEpoch {
            guard let newProducerID else { return .needsProducerID }
            next.previous = expected == nil ? nil : producer
            next.producer = ProducerIdentity(id: newProducerID, epoch: 0)
        } else {
            next.previous = expected == nil ? nil : producer
            next.producer = ProducerIdentity(id: producer.id, epoch: producer.epoch + 1)
        }
        return .write(next)
    }

    /// Partitions join the transaction, which begins with the first.
    package func add(_ added: Set<TopicPartition>, by asking: ProducerIdentity, now: Int64) -> Step {
        if let problem = problem(with: asking) { return .answer(problem) }
        switch phase {
        case .prepareCommit, .prepareAbort: return .answer(.concurrentTransactions)
        case .dead: return .answer(.invalidProducerIDMapping)
        case .ongoing:
            if added.isSubset(of: partitions) { return .answer(.none) }
        case .empty, .completeCommit, .completeAbort: break
        }
        var next = self
        if phase != .ongoing {
            next.partitions = []
            next.startMilliseconds = now
        }
        next.phase = .ongoing
        next.partitions.formUnion(added)
        next.updateMilliseconds = now
        return .write(next)
    }

    /// The producer decides.
    ///
    /// `raisesEpoch`: each transaction has an epoch of its own (transactions version 2), so that nothing late can come into
    /// the next. `newProducerID`: as in `initialise`.
    package func end(
        isCommit: Bool,
        by asking: ProducerIdentity,
        raisesEpoch: Bool = false,
        newProducerID: Int64? = nil,
        now: Int64
    ) -> Step {
        let isRepeated = raisesEpoch && (phase == .completeCommit || phase == .completeAbort) && asking == previous
        if !isRepeated, let problem = problem(with: asking) { return .answer(problem) }
        switch phase {
        case .ongoing:
            var next = self
            next.prepare(isCommit: isCommit, now: now)
            next.previous = raisesEpoch ? producer : nil
            guard raisesEpoch else { return .write(next) }
            if producer.epoch >= Self.lastUsableEpoch {
                guard let newProducerID else { return .needsProducerID }
                // The markers carry the old id's last epoch; the producer goes on with a new one.
                next.markerProducer = ProducerIdentity(id: producer.id, epoch: .max)
                next.producer = ProducerIdentity(id: newProducerID, epoch: 0)
            } else {
                next.producer = ProducerIdentity(id: producer.id, epoch: producer.epoch + 1)
            }
            return .write(next)
        case .prepareCommit: return .answer(isCommit ? .concurrentTransactions : .invalidTransactionState)
        case .prepareAbort: return .answer(isCommit ? .invalidTransactionState : .concurrentTransactions)
        case .completeCommit where isCommit: return .answer(.none)
        case .completeAbort where !isCommit: return .answer(.none)
        case .completeCommit, .completeAbort, .empty, .dead: return .answer(.invalidTransactionState)
        }
    }

    /// The coordinator ends a transaction that took too long; nil when there is nothing to end.
    package func expire(now: Int64) -> TransactionState? {
        guard phase == .ongoing, now - startMilliseconds >= Int64(timeoutMilliseconds) else { return nil }
        var next = self
        next.prepare(isCommit: false, now: now)
        next.raiseEpochForFencing()
        return next
    }

    /// All markers are on disk.
    package func completed(now: Int64) -> TransactionState {
        var next = self
        next.phase = phase == .prepareCommit ? .completeCommit : .completeAbort
        next.partitions = []
        next.markerProducer = nil
        next.startMilliseconds = -1
        next.updateMilliseconds = now
        return next
    }

    /// Whether a batch of this producer may begin its transaction in a partition.
    package func admits(_ asking: ProducerIdentity, to partition: TopicPartition) -> Bool {
        phase == .ongoing && asking == producer && partitions.contains(partition)
    }

    // MARK: Parts

    /// Whose markers end the transaction, when that is not the producer.
    package internal(set) var markerProducer: ProducerIdentity?

    /// What the markers carry.
    package var marking: ProducerIdentity { markerProducer ?? producer }

    private func knows(_ asking: ProducerIdentity) -> Bool { asking == producer || asking == previous }

    private func problem(with asking: ProducerIdentity) -> ErrorCode? {
        if asking.id != producer.id || asking.id < 0 { return .invalidProducerIDMapping }
        return asking.epoch == producer.epoch ? nil : .producerFenced
    }

    private mutating func prepare(isCommit: Bool, now: Int64) {
        phase = isCommit ? .prepareCommit : .prepareAbort
        updateMilliseconds = now
    }

    /// Shuts the present producer out: its markers carry a higher epoch than it has.
    private mutating func raiseEpochForFencing() {
        previous = nil
        producer = ProducerIdentity(id: producer.id, epoch: producer.epoch == .max ? .max : producer.epoch + 1)
    }
}
