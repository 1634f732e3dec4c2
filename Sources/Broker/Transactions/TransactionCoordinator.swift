import Clocks
import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// Coordinates the transactions of all producers, on the loop of the groups, whose offsets are part of them.
///
/// Decisions are `TransactionState`'s; this makes them durable, in this order: the decision, the markers in all partitions,
/// the end. A start finishes what was decided. While one of these is under way, the id is busy and others are told to
/// come back.
final class TransactionCoordinator: @unchecked Sendable {
    // Sendable holds: after `load`, which runs before anyone else has the object, everything is used on `loop` alone.

    /// One transactional id.
    final class Transaction {
        var state: TransactionState
        var isBusy = false

        init(_ state: TransactionState) { self.state = state }
    }

    typealias Answer = @Sendable (ErrorCode, ProducerIdentity) -> Void

    let loop: EventLoop
    let settings: BrokerSettings
    let clock: Clock
    let logger: Logger
    let catalogue: TopicCatalogue
    let groups: GroupCoordinator
    let table = TransactionTable()
    private let store: TransactionStore
    private let producerIDs: ProducerIDs
    private let administration: EventLoop
    private(set) var transactions: [String: Transaction] = [:]

    init(
        store: TransactionStore,
        groups: GroupCoordinator,
        catalogue: TopicCatalogue,
        producerIDs: ProducerIDs,
        administration: EventLoop,
        settings: BrokerSettings,
        clock: Clock,
        logger: Logger
    ) {
        loop = groups.loop
        self.store = store
        self.groups = groups
        self.catalogue = catalogue
        self.producerIDs = producerIDs
        self.administration = administration
        self.settings = settings
        self.clock = clock
        self.logger = logger
    }

    /// Runs `body` on the coordinator's loop.
    func run(_ body: @escaping @Sendable (TransactionCoordinator) -> Void) { loop.post { body(self) } }

    /// Reads what was written before the start; call it once, before `start`.
    func load() throws(LogError) {
        try store.load { record in
            transactions[record.id] = record.state.map(Transaction.init)
        }
        for transaction in transactions.values { table.publish(transaction.state) }
    }

    /// Finishes what was decided before the start, and begins to watch the clock.
    func start() {
        run { coordinator in
            for transaction in coordinator.transactions.values where transaction.state.phase.isPrepared {
                coordinator.finish(transaction.state.id) { _ in }
            }
            coordinator.watchTime()
        }
    }

    // MARK: Requests

    /// Gives a producer its id and epoch, and shuts out the one before.
    func initialise(
        _ id: String,
        timeoutMilliseconds: Int32,
        expected: ProducerIdentity?,
        newProducerID: Int64? = nil,
        _ answer: @escaping Answer
    ) {
        let nobody = ProducerIdentity(id: -1, epoch: -1)
        if id.isEmpty { return answer(.invalidRequest, nobody) }
        guard timeoutMilliseconds > 0,
            Int64(timeoutMilliseconds) <= settings.integer("transaction.max.timeout.ms")
        else { return answer(.invalidTransactionTimeout, nobody) }
        let transaction = transactions[id] ?? Transaction(TransactionState(id: id, now: clock.wallMilliseconds))
        if transaction.isBusy { return answer(.concurrentTransactions, nobody) }
        let step = transaction.state.initialise(
            expected: expected,
            timeoutMilliseconds: timeoutMilliseconds,
            newProducerID: newProducerID,
            now: clock.wallMilliseconds
        )
        switch step {
        case .answer(let error): answer(error, nobody)
        case .needsProducerID:
            withNewProducerID(transaction) { [self] newID in
                guard let newID else { return answer(.coordinatorNotAvailable, nobody) }
                initialise(
                    id,
                    timeoutMilliseconds: timeoutMilliseconds,
                    expected: expected,
                    newProducerID: newID,
                    answer
                )
            }
        case .write(let next):
            write(next, of: transaction) { isWritten in
                isWritten ? answer(.none, next.producer) : answer(.coordinatorNotAvailable, nobody)
            }
        case .abortFirst(let next):
            logger.info("open transaction aborted for a new producer", ["id": .value(id)])
            write(next, of: transaction) { [self] isWritten in
                guard isWritten else { return answer(.coordinatorNotAvailable, nobody) }
                finish(id) { [self] isDone in
                    guard isDone else { return answer(.concurrentTransactions, nobody) }
                    initialise(
                        id,
                        timeoutMilliseconds: timeoutMilliseconds,
                        expected: expected == nil ? nil : next.producer,
                        answer
                    )
                }
            }
        }
    }

    /// Adds partitions to a producer's transaction.
    func add(
        _ partitions: Set<TopicPartition>,
        to id: String,
        by producer: ProducerIdentity,
        _ answer: @escaping @Sendable (ErrorCode) -> Void
    ) {
        guard let transaction = transactions[id] else { return answer(.invalidProducerIDMapping) }
        if transaction.isBusy, transaction.state.producer == producer { return answer(.concurrentTransactions) }
        switch transaction.state.add(partitions, by: producer, now: clock.wallMilliseconds) {
        case .answer(let error): answer(error)
        case .write(let next):
            guard !transaction.isBusy else { return answer(.concurrentTransactions) }
            write(next, of: transaction) { isWritten in answer(isWritten ? .none : .coordinatorNotAvailable) }
        case .abortFirst, .needsProducerID: answer(.unknownServerError)
        }
    }

    /// Whether a partition is in a producer's open transaction, and why not.
    func verify(_ partitions: Set<TopicPartition>, in id: String, by producer: ProducerIdentity) -> ErrorCode {
        guard let transaction = transactions[id], transaction.state.producer.id == producer.id else {
            return .invalidProducerIDMapping
        }
        guard transaction.state.producer.epoch == producer.epoch else { return .producerFenced }
        if transaction.isBusy, transaction.state.phase != .ongoing { return .concurrentTransactions }
        let isOpen = transaction.state.phase == .ongoing && partitions.isSubset(of: transaction.state.partitions)
        return isOpen ? .none : .invalidTransactionState
    }

    /// Ends a producer's transaction; answered when the markers are on disk, so that its next one need not wait.
    ///
    /// `raisesEpoch`: by transactions version 2 the producer goes on with the identity in the answer.
    func end(
        _ id: String,
        by producer: ProducerIdentity,
        isCommit: Bool,
        raisesEpoch: Bool,
        newProducerID: Int64? = nil,
        _ answer: @escaping Answer
    ) {
        guard let transaction = transactions[id] else { return answer(.invalidProducerIDMapping, producer) }
        let step = transaction.state.end(
            isCommit: isCommit,
            by: producer,
            raisesEpoch: raisesEpoch,
            newProducerID: newProducerID,
            now: clock.wallMilliseconds
        )
        switch step {
        case .answer(let error): answer(error, transaction.state.producer)
        case .needsProducerID where !transaction.isBusy:
            withNewProducerID(transaction) { [self] newID in
                guard let newID else { return answer(.coordinatorNotAvailable, producer) }
                end(
                    id,
                    by: producer,
                    isCommit: isCommit,
                    raisesEpoch: raisesEpoch,
                    newProducerID: newID,
                    answer
                )
            }
        case .write(let next) where !transaction.isBusy:
            write(next, of: transaction) { [self] isWritten in
                guard isWritten else { return answer(.coordinatorNotAvailable, producer) }
                // The decision stands: a partition that cannot take its marker now keeps nobody waiting.
                finish(id) { _ in answer(.none, next.producer) }
            }
        case .write, .needsProducerID: answer(.concurrentTransactions, producer)
        case .abortFirst: answer(.unknownServerError, producer)
        }
    }

    // MARK: Steps

    /// Makes a state durable and takes it over.
    private func write(
        _ next: TransactionState,
        of transaction: Transaction,
        then: @escaping @Sendable (Bool) -> Void
    ) {
        transaction.isBusy = true
        transactions[next.id] = transaction
        // First of all no batch may begin in what is being decided.
        if next.phase != .ongoing { table.publish(next) }
        store.append(TransactionRecord(next)) { [self] isWritten in
            guard let transaction = transactions[next.id] else { return then(false) }
            transaction.isBusy = false
            if isWritten { transaction.state = next }
            if transaction.state.producer.id < 0 { transactions[next.id] = nil }
            if transactions[next.id] == nil { table.remove(next.id) } else { table.publish(transaction.state) }
            then(isWritten)
        }
    }

    /// Writes the markers of a decided transaction, then its end.
    ///
    /// `then`: called once, with true when that is done, with false when a marker has to be tried again later.
    private func finish(_ id: String, then: @escaping @Sendable (Bool) -> Void) {
        guard let transaction = transactions[id] else { return then(true) }
        transaction.isBusy = true
        let state = transaction.state
        MarkerRun(state, self, onDelay: { then(false) }).start { [self] isLate in
            guard let transaction = transactions[state.id] else { return }
            transaction.state = state.completed(now: clock.wallMilliseconds)
            transaction.isBusy = false
            table.publish(transaction.state)
            // Nobody waits for this record: a start that does not find it writes the markers again, which does no harm,
            // and the id's next record is on disk only together with it.
            store.append(TransactionRecord(transaction.state)) { _ in }
            if !isLate { then(true) }
        }
    }

    private func withNewProducerID(
        _ transaction: Transaction,
        _ then: @escaping @Sendable (Int64?) -> Void
    ) {
        transaction.isBusy = true
        transactions[transaction.state.id] = transaction
        let id = transaction.state.id
        administration.post { [self] in
            var newID: Int64?
            do throws(AtomicFile.Failure) {
                newID = try producerIDs.next()
            } catch {
                logger.error("no producer id can be given out", ["cause": .value(error)])
            }
            loop.post { [self, newID] in
                if let transaction = transactions[id] {
                    transaction.isBusy = false
                    if newID == nil, transaction.state.producer.id < 0 { transactions[id] = nil }
                }
                then(newID)
            }
        }
    }

    // MARK: Time

    private func watchTime() {
        let pause = settings.integer("transaction.abort.timed.out.transaction.cleanup.interval.ms")
        _ = loop.schedule(afterMilliseconds: pause) { [self] in
            let now = clock.wallMilliseconds
            for transaction in transactions.values where !transaction.isBusy {
                if let next = transaction.state.expire(now: now) {
                    abortExpired(transaction, next)
                } else {
                    forgetIfOld(transaction, now)
                }
            }
            watchTime()
        }
    }

    private func abortExpired(_ transaction: Transaction, _ next: TransactionState) {
        logger.warning(
            "transaction took too long and is aborted",
            [
                "id": .value(next.id), "producer": .value(next.producer.id),
                "timeout_ms": .value(next.timeoutMilliseconds),
            ]
        )
        write(next, of: transaction) { [self] isWritten in
            if isWritten { finish(next.id) { _ in } }
        }
    }

    private func forgetIfOld(_ transaction: Transaction, _ now: Int64) {
        let state = transaction.state
        guard state.phase != .ongoing, !state.phase.isPrepared,
            now - state.updateMilliseconds > settings.integer("transactional.id.expiration.ms")
        else { return }
        transaction.isBusy = true
        store.append(TransactionRecord(forgetting: state.id)) { [self] isWritten in
            transactions[state.id]?.isBusy = false
            guard isWritten else { return }
            transactions[state.id] = nil
            table.remove(state.id)
        }
    }
}
