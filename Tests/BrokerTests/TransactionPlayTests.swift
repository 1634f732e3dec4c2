import Broker
import Clocks
import CommitLog
import KafkaProtocol
import Testing

/// Plays producers of one transactional id against its state, with a disk that may lose what is being written and a broker
/// that may die, in an order that the seed decides; a model says what every transaction must come to.
private struct Play {
    private struct Producer {
        var identity: ProducerIdentity
        /// The transaction that it believes to be in, by number.
        var transaction: Int?
    }

    private enum Outcome { case open, committed, aborted }

    private var random: SeededGenerator
    /// In memory, and on disk.
    private var state = TransactionState(id: "x", now: 0)
    private var disk = TransactionState(id: "x", now: 0)
    private var producers: [Producer] = []
    private var nextProducerID: Int64 = 100
    private var now: Int64 = 0
    /// Model: what became of each transaction, and which one the state holds.
    private var outcomes: [Outcome] = []
    private var current: Int?
    private var highest = ProducerIdentity(id: -1, epoch: -1)
    private(set) var problems: [String] = []
    private(set) var commits = 0
    private(set) var aborts = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            now += Int64.random(in: 0...40, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0: crash()
            case 1: arrive()
            case 2: raiseEpoch()
            case 3: expire()
            case 4...7: add()
            default: end()
            }
        }
    }

    /// Writes a state; false when the disk loses it.
    private mutating func write(_ next: TransactionState) -> Bool {
        guard Int.random(in: 0..<10, using: &random) > 0 else { return false }
        disk = next
        state = next
        if next.phase.isPrepared { decide(next) }
        return true
    }

    /// What is decided on disk never changes again.
    private mutating func decide(_ next: TransactionState) {
        guard let number = current else { return problems.append("a decision about nothing: \(next)") }
        let outcome: Outcome = next.phase == .prepareCommit ? .committed : .aborted
        if outcomes[number] != .open { problems.append("transaction \(number) is decided twice") }
        outcomes[number] = outcome
        if outcome == .committed { commits += 1 } else { aborts += 1 }
        if Bool.random(using: &random) { finish() }
    }

    private mutating func finish() {
        guard state.phase.isPrepared else { return }
        if state.marking.epoch < 0 { problems.append("markers without an epoch") }
        state = state.completed(now: now)
        current = nil
        // The end is written without anybody waiting: it may be lost.
        if Bool.random(using: &random) { disk = state }
    }

    /// The broker dies and comes back with what is on disk.
    private mutating func crash() {
        state = disk
        if state.phase.isPrepared {
            finish()
        } else if state.phase != .ongoing {
            current = nil
        }
    }

    /// The newest producer as a rule, a zombie now and then.
    private mutating func pick() -> Int? {
        Int.random(in: 0..<4, using: &random) > 0
            ? producers.indices.last : producers.indices.randomElement(using: &random)
    }

    private mutating func arrive() { initialise(nil) }

    private mutating func raiseEpoch() {
        guard let index = pick() else { return }
        initialise(index)
    }

    private mutating func initialise(_ index: Int?) {
        finish()
        for _ in 0..<3 {
            let expected = index.map { producers[$0].identity }
            var step = state.initialise(
                expected: expected,
                timeoutMilliseconds: 500,
                newProducerID: nil,
                now: now
            )
            if step == .needsProducerID {
                nextProducerID += 1
                step = state.initialise(
                    expected: expected,
                    timeoutMilliseconds: 500,
                    newProducerID: nextProducerID,
                    now: now
                )
            }
            switch step {
            case .answer: return
            case .needsProducerID: return problems.append("asked for a producer id twice")
            case .abortFirst(let next):
                guard write(next) else { return }
                finish()
                if index != nil { return }
            case .write(let next):
                guard write(next) else { return }
                if index == nil, !isNewer(next.producer) { problems.append("\(next.producer) was given before") }
                highest = next.producer
                let producer = Producer(identity: next.producer, transaction: nil)
                if let index { producers[index] = producer } else { producers.append(producer) }
                return
            }
        }
    }

    private func isNewer(_ producer: ProducerIdentity) -> Bool {
        producer.id != highest.id ? producer.id > highest.id : producer.epoch > highest.epoch
    }

    private mutating func add() {
        guard let index = pick() else { return }
        let partition = TopicPartition(topic: "t", partition: Int32.random(in: 0..<3, using: &random))
        switch state.add([partition], by: producers[index].identity, now: now) {
        case .write(let next):
            if producers[index].identity != state.producer { problems.append("a zombie adds a partition") }
            let begins = state.phase != .ongoing
            guard write(next) else { return }
            if begins {
                outcomes.append(.open)
                current = outcomes.count - 1
            }
            producers[index].transaction = current
        case .answer(.none): producers[index].transaction = current
        default: break
        }
    }

    private mutating func end() {
        guard let index = pick() else { return }
        let isCommit = Int.random(in: 0..<3, using: &random) > 0
        let wanted: Outcome = isCommit ? .committed : .aborted
        switch state.end(isCommit: isCommit, by: producers[index].identity, now: now) {
        case .write(let next):
            if producers[index].identity != state.producer { problems.append("a zombie decides") }
            guard write(next) else { return }
        case .answer(.none):
            // Said to be done: the producer's last transaction must have come to what it asks for.
            guard let number = producers[index].transaction else { return }
            if outcomes[number] != wanted { problems.append("\(wanted) is answered for \(outcomes[number])") }
        default: break
        }
    }

    private mutating func expire() {
        now += 600
        guard let next = state.expire(now: now), write(next) else { return }
        finish()
    }
}

@Suite struct TransactionPlayTests {
    @Test(arguments: 0..<200)
    func `whatever happens, a transaction is decided once and a zombie decides nothing`(seed: UInt64) {
        var play = Play(seed: seed)
        play.run(steps: 600)
        #expect(play.problems == [])
        #expect(play.commits > 0 && play.aborts > 0)
    }
}
