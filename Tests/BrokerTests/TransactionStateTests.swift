import CommitLog
import KafkaProtocol
import Testing

@testable import Broker

@Suite struct TransactionStateTests {
    private static let a = TopicPartition(topic: "a", partition: 0)
    private static let b = TopicPartition(topic: "b", partition: 1)

    /// A producer that has begun: id 7, epoch 0.
    private func begun() throws -> TransactionState {
        let fresh = TransactionState(id: "t", now: 0)
        #expect(
            fresh.initialise(expected: nil, timeoutMilliseconds: 100, newProducerID: nil, now: 0) == .needsProducerID
        )
        return try written(fresh.initialise(expected: nil, timeoutMilliseconds: 100, newProducerID: 7, now: 0))
    }

    private func written(_ step: TransactionState.Step) throws -> TransactionState {
        guard case .write(let next) = step else {
            throw WireClient.Failure(description: "\(step)")
        }
        // What is kept must be what is read back.
        let record = TransactionRecord(next)
        let back = try record.key.withUnsafeBytes { key in
            try record.value.map { value in
                try value.withUnsafeBytes { try TransactionRecord(key: key, value: $0) }
            }
        }
        let read = try #require(back??.state)
        #expect(read.producer == next.producer && read.phase == next.phase && read.partitions == next.partitions)
        #expect(read.marking == next.marking && read.timeoutMilliseconds == next.timeoutMilliseconds)
        #expect(read.startMilliseconds == next.startMilliseconds && read.updateMilliseconds == next.updateMilliseconds)
        return next
    }

    private func open(_ state: TransactionState, now: Int64 = 1) throws -> TransactionState {
        try written(state.add([Self.a, Self.b], by: state.producer, now: now))
    }

    @Test func `a transaction begins, is decided once, and ends`() throws {
        let state = try begun()
        #expect(state.end(isCommit: true, by: state.producer, now: 1) == .answer(.invalidTransactionState))
        let ongoing = try open(state)
        #expect(ongoing.startMilliseconds == 1)
        #expect(ongoing.add([Self.a], by: state.producer, now: 2) == .answer(.none))
        #expect(ongoing.admits(state.producer, to: Self.b))
        #expect(!ongoing.admits(state.producer, to: TopicPartition(topic: "b", partition: 0)))
        let prepared = try written(ongoing.end(isCommit: true, by: state.producer, now: 3))
        #expect(!prepared.admits(state.producer, to: Self.a))
        #expect(prepared.end(isCommit: true, by: state.producer, now: 3) == .answer(.concurrentTransactions))
        #expect(prepared.end(isCommit: false, by: state.producer, now: 3) == .answer(.invalidTransactionState))
        #expect(prepared.add([Self.a], by: state.producer, now: 3) == .answer(.concurrentTransactions))
        let complete = prepared.completed(now: 4)
        #expect(complete.phase == .completeCommit && complete.partitions.isEmpty)
        // The answer may have been lost.
        #expect(complete.end(isCommit: true, by: state.producer, now: 5) == .answer(.none))
        #expect(complete.end(isCommit: false, by: state.producer, now: 5) == .answer(.invalidTransactionState))
        let next = try written(complete.add([Self.a], by: state.producer, now: 6))
        #expect(next.partitions == [Self.a] && next.startMilliseconds == 6)
    }

    @Test func `a new producer of the same id shuts the old one out`() throws {
        let old = try begun()
        let new = try written(old.initialise(expected: nil, timeoutMilliseconds: 50, newProducerID: nil, now: 1))
        #expect(new.producer == ProducerIdentity(id: 7, epoch: 1))
        #expect(new.add([Self.a], by: old.producer, now: 2) == .answer(.producerFenced))
        #expect(new.end(isCommit: true, by: old.producer, now: 2) == .answer(.producerFenced))
        let stranger = ProducerIdentity(id: 8, epoch: 1)
        #expect(new.add([Self.a], by: stranger, now: 2) == .answer(.invalidProducerIDMapping))
    }

    @Test func `an open transaction is aborted first, under a higher epoch than its producer has`() throws {
        let ongoing = try open(try begun())
        let step = ongoing.initialise(expected: nil, timeoutMilliseconds: 50, newProducerID: nil, now: 2)
        guard case .abortFirst(let aborting) = step else { return #expect(Bool(false)) }
        #expect(aborting.phase == .prepareAbort && aborting.marking == ProducerIdentity(id: 7, epoch: 1))
        let again = aborting.initialise(expected: nil, timeoutMilliseconds: 50, newProducerID: nil, now: 2)
        #expect(again == .answer(.concurrentTransactions))
        let next = aborting.completed(now: 3)
        let new = try written(next.initialise(expected: nil, timeoutMilliseconds: 50, newProducerID: nil, now: 4))
        #expect(new.producer == ProducerIdentity(id: 7, epoch: 2))
    }

    @Test func `a producer that raises its own epoch may ask twice, one that was shut out may not ask at all`() throws {
        let state = try begun()
        func raise(_ state: TransactionState, _ expected: ProducerIdentity) -> TransactionState.Step {
            state.initialise(expected: expected, timeoutMilliseconds: 50, newProducerID: nil, now: 1)
        }
        let raised = try written(raise(state, state.producer))
        #expect(raised.producer == ProducerIdentity(id: 7, epoch: 1))
        #expect(try written(raise(raised, state.producer)).producer == raised.producer)
        let again = try written(raise(raised, raised.producer))
        #expect(again.producer == ProducerIdentity(id: 7, epoch: 2))
        #expect(raise(again, state.producer) == .answer(.producerFenced))
        // Not even an open transaction of the new one is touched.
        #expect(raise(try open(again), state.producer) == .answer(.producerFenced))
    }

    @Test func `used up epochs bring a new producer id`() throws {
        var state = try begun()
        state.producer = ProducerIdentity(id: 7, epoch: .max - 1)
        #expect(
            state.initialise(expected: nil, timeoutMilliseconds: 50, newProducerID: nil, now: 1) == .needsProducerID
        )
        let new = try written(state.initialise(expected: nil, timeoutMilliseconds: 50, newProducerID: 9, now: 1))
        #expect(new.producer == ProducerIdentity(id: 9, epoch: 0))
        // In version 2 of the protocol this happens at the end of a transaction too.
        let ongoing = try open(state)
        #expect(ongoing.end(isCommit: true, by: state.producer, raisesEpoch: true, now: 2) == .needsProducerID)
        let prepared = try written(
            ongoing.end(isCommit: true, by: state.producer, raisesEpoch: true, newProducerID: 9, now: 2)
        )
        #expect(prepared.marking == ProducerIdentity(id: 7, epoch: .max))
        #expect(prepared.producer == ProducerIdentity(id: 9, epoch: 0))
        let complete = prepared.completed(now: 3)
        #expect(complete.marking == complete.producer)
        let repeated = complete.end(isCommit: true, by: state.producer, raisesEpoch: true, now: 3)
        #expect(repeated == .answer(.none))
    }

    @Test func `in version 2 each transaction has an epoch of its own`() throws {
        let ongoing = try open(try begun())
        let old = ongoing.producer
        let prepared = try written(ongoing.end(isCommit: true, by: old, raisesEpoch: true, now: 2))
        #expect(prepared.producer == ProducerIdentity(id: 7, epoch: 1) && prepared.marking == prepared.producer)
        let complete = prepared.completed(now: 3)
        #expect(complete.end(isCommit: true, by: old, raisesEpoch: true, now: 4) == .answer(.none))
        #expect(complete.end(isCommit: false, by: old, raisesEpoch: true, now: 4) == .answer(.invalidTransactionState))
        #expect(complete.add([Self.a], by: old, now: 4) == .answer(.producerFenced))
        let next = try written(complete.add([Self.a], by: complete.producer, now: 5))
        // A late end of the transaction before touches nothing.
        #expect(next.end(isCommit: false, by: old, raisesEpoch: true, now: 6) == .answer(.producerFenced))
    }

    @Test func `a transaction that takes too long is aborted and its producer shut out`() throws {
        let ongoing = try open(try begun(), now: 10)
        #expect(ongoing.expire(now: 109) == nil)
        let aborting = try #require(ongoing.expire(now: 110))
        #expect(aborting.phase == .prepareAbort && aborting.producer.epoch == 1)
        #expect(aborting.end(isCommit: true, by: ongoing.producer, now: 111) == .answer(.producerFenced))
        #expect(aborting.completed(now: 112).expire(now: 10_000) == nil)
    }

    /// Any order of requests by two rivals: what is decided never changes, and nobody who was shut out gets in again.
    @Test(arguments: 0..<64 as Range<UInt64>)
    func `rivals never share a transaction`(seed: UInt64) throws {
        var random = SeededNumbers(state: seed)
        var state = TransactionState(id: "t", now: 0)
        var rivals = [ProducerIdentity?](repeating: nil, count: 2)
        var isShutOut = [false, false]
        var decision: TransactionPhase?
        for now in 1...400 as ClosedRange<Int64> {
            let who = Int(random.next() % 2)
            let isSecondVersion = random.next() % 2 == 0
            let step: TransactionState.Step
            let action = random.next() % 6
            let asking = rivals[who] ?? ProducerIdentity(id: -1, epoch: -1)
            switch action {
            case 0:
                let expected = random.next() % 2 == 0 ? nil : rivals[who]
                step = state.initialise(expected: expected, timeoutMilliseconds: 30, newProducerID: 7, now: now)
                if expected != nil, isShutOut[who] { #expect(step == .answer(.producerFenced)) }
            case 1, 2: step = state.add([Self.a], by: asking, now: now)
            case 3, 4:
                let isCommit = random.next() % 2 == 0
                step = state.end(
                    isCommit: isCommit,
                    by: asking,
                    raisesEpoch: isSecondVersion,
                    newProducerID: 8,
                    now: now
                )
            default:
                if state.phase.isPrepared {
                    state = state.completed(now: now)
                    decision = nil
                } else if let aborting = state.expire(now: now) {
                    state = aborting
                    decision = .prepareAbort
                    isShutOut = [true, true]
                }
                continue
            }
            switch step {
            case .write(let next), .abortFirst(let next):
                if action != 0 { #expect(!isShutOut[who], "seed \(seed) step \(now)") }
                if let decision { #expect(next.phase == decision, "seed \(seed) step \(now)") }
                state = next
                if next.phase.isPrepared { decision = next.phase }
                if case .abortFirst = step {
                    isShutOut = [true, true]
                } else if action == 0 {
                    rivals[who] = next.producer
                    isShutOut[who] = false
                    isShutOut[1 - who] = true
                } else if action >= 3 {
                    rivals[who] = next.producer
                }
            case .answer(.none) where action >= 3 && isSecondVersion: rivals[who] = state.producer
            case .answer, .needsProducerID: break
            }
        }
    }
}

/// The same numbers in every run.
private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 16
    }
}
