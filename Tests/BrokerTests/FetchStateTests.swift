import Clocks
import KafkaProtocol
import Testing

@testable import Broker

@Suite struct FetchStateTests {
    private func topics(_ partitions: [Int32: Int64]) -> [FetchRequest.Topic] {
        var topic = FetchRequest.Topic()
        topic.topic = "t"
        topic.partitions = partitions.sorted { $0.key < $1.key }.map { index, offset in
            var partition = FetchRequest.Topic.Partition()
            partition.partition = index
            partition.fetchOffset = offset
            return partition
        }
        return [topic]
    }

    private func forgotten(_ partitions: [Int32]) -> [FetchRequest.ForgottenTopic] {
        var topic = FetchRequest.ForgottenTopic()
        topic.topic = "t"
        topic.partitions = partitions
        return [topic]
    }

    private func indexes(_ state: FetchState) -> [Int32] { state.queue.compactMap { state[$0]?.key.partition } }

    @Test func `partitions at their end are looked at again when they were woken, and only then`() {
        var state = FetchState(isSession: true)
        _ = state.update(topics([0: 5, 1: 6, 2: 7]))
        #expect(indexes(state) == [0, 1, 2])
        let tickets = state.queue.map { state.arm($0) }
        state.settle(served: [], resting: state.queue)
        #expect(state.queue.isEmpty)
        state.wake(1, ticket: tickets[1])
        #expect(indexes(state) == [1])
        state.wake(1, ticket: tickets[1])
        state.wake(2, ticket: 99)
        #expect(indexes(state) == [1])
    }

    @Test func `those who gave records go behind the others`() {
        var state = FetchState(isSession: true)
        _ = state.update(topics([0: 0, 1: 0, 2: 0]))
        state.settle(served: [0], resting: [])
        #expect(indexes(state) == [1, 2, 0])
        _ = state.update(topics([0: 10]))
        #expect(indexes(state) == [1, 2, 0])
        state.settle(served: [1, 2], resting: [])
        #expect(indexes(state) == [0, 1, 2])
    }

    @Test func `a call of a wait that was replaced changes nothing`() {
        var state = FetchState(isSession: true)
        _ = state.update(topics([0: 0]))
        let old = state.arm(0)
        state.settle(served: [], resting: [0])
        let goneupdate = state.update(topics([0: 3]))
        #expect(goneupdate == [0])
        #expect(state.queue == [0])
        let new = state.arm(0)
        state.settle(served: [], resting: [0])
        state.wake(0, ticket: old)
        #expect(state.queue.isEmpty)
        state.wake(0, ticket: new)
        #expect(state.queue == [0])
    }

    @Test func `a forgotten partition is gone, and its place belongs to the next one`() {
        var state = FetchState(isSession: true)
        _ = state.update(topics([0: 0, 1: 0]))
        let ticket = state.arm(0)
        state.settle(served: [], resting: [0])
        let goneforget = state.forget(forgotten([0, 7]))
        #expect(goneforget == [0])
        #expect(state.count == 1 && indexes(state) == [1])
        _ = state.update(topics([9: 4]))
        state.wake(0, ticket: ticket)
        #expect(indexes(state) == [1, 9] && state.count == 2)
    }

    /// Against a plain model: a partition is in the queue unless it rests with a wait that was not called.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `whatever the order of requests, looks and calls, no partition is lost`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var state = FetchState(isSession: true)
        var model: [Int32: Bool] = [:]  // queued
        var waits: [(partition: Int32, slot: Int, ticket: Int, isLive: Bool)] = []
        func slot(of partition: Int32) -> Int? {
            (0..<64).first { state[$0]?.key.partition == partition }
        }
        for _ in 0..<300 {
            switch random.next() % 4 {
            case 0:
                let partition = Int32(random.next() % 12)
                _ = state.update(topics([partition: Int64(random.next() % 100)]))
                model[partition] = true
                for index in waits.indices where waits[index].partition == partition { waits[index].isLive = false }
            case 1:
                let partition = Int32(random.next() % 12)
                _ = state.forget(forgotten([partition]))
                model[partition] = nil
                for index in waits.indices where waits[index].partition == partition { waits[index].isLive = false }
            case 2:
                var served: [Int] = []
                var resting: [Int] = []
                for slot in state.queue {
                    guard let partition = state[slot]?.key.partition else { continue }
                    switch random.next() % 3 {
                    case 0: served.append(slot)
                    case 1:
                        for index in waits.indices where waits[index].partition == partition {
                            waits[index].isLive = false
                        }
                        waits.append((partition, slot, state.arm(slot), true))
                        resting.append(slot)
                        model[partition] = false
                    default: break
                    }
                }
                state.settle(served: served, resting: resting)
            default:
                guard !waits.isEmpty else { continue }
                let wait = waits.remove(at: Int(random.next() % UInt64(waits.count)))
                state.wake(wait.slot, ticket: wait.ticket)
                if wait.isLive { model[wait.partition] = true }
            }
            #expect(Set(indexes(state)) == Set(model.filter(\.value).keys))
            #expect(state.queue.count == Set(state.queue).count && state.count == model.count)
            for partition in model.keys { #expect(slot(of: partition) != nil) }
        }
    }
}

@Suite struct FetchSessionCacheTests {
    private final class Session: Sendable {
        let id: Int32
        init(id: Int32) { self.id = id }
    }

    private typealias Cache = FetchSessionCache<Session>

    private static let patience = Cache.evictionMilliseconds

    private func create(_ cache: inout Cache, size: Int, now: Int64, id: Int32) -> Int32? {
        cache.create(size: size, usesTopicIDs: false, now: now, randomID: { id }, { Session(id: $0) }).session?.id
    }

    private func code(_ found: Cache.Found) -> ErrorCode {
        switch found {
        case .session: .none
        case .error(let code): code
        }
    }

    @Test func `epochs rise by one and wrap to one`() {
        var cache = Cache(limit: 2)
        let made1 = create(&cache, size: 1, now: 0, id: 7)
        #expect(made1 == 7)
        let code2 = code(cache.use(id: 7, epoch: 2, usesTopicIDs: false, now: 0))
        #expect(code2 == .invalidFetchSessionEpoch)
        let code3 = code(cache.use(id: 7, epoch: 1, usesTopicIDs: false, now: 0))
        #expect(code3 == .none)
        let code4 = code(cache.use(id: 7, epoch: 1, usesTopicIDs: false, now: 0))
        #expect(code4 == .invalidFetchSessionEpoch)
        let code5 = code(cache.use(id: 7, epoch: 2, usesTopicIDs: true, now: 0))
        #expect(code5 == .fetchSessionTopicIDError)
        let code6 = code(cache.use(id: 8, epoch: 1, usesTopicIDs: false, now: 0))
        #expect(code6 == .fetchSessionIDNotFound)
        let removed = cache.remove(id: 7)
        #expect(removed != nil)
        let code7 = code(cache.use(id: 7, epoch: 2, usesTopicIDs: false, now: 0))
        #expect(code7 == .fetchSessionIDNotFound)
    }

    @Test func `a full cache gives the place of a session that was not used for long`() {
        var cache = Cache(limit: 2)
        _ = create(&cache, size: 5, now: 0, id: 1)
        _ = create(&cache, size: 5, now: 0, id: 2)
        let made8 = create(&cache, size: 9, now: 10, id: 3)
        #expect(made8 == nil)
        _ = cache.use(id: 1, epoch: 1, usesTopicIDs: false, now: 5000)
        let made9 = create(&cache, size: 1, now: Self.patience + 1, id: 3)
        #expect(made9 == 3)
        let code10 = code(cache.use(id: 2, epoch: 1, usesTopicIDs: false, now: 0))
        #expect(code10 == .fetchSessionIDNotFound)
        #expect(cache.count == 2)
    }

    @Test func `a larger session takes the place of a smaller one that had its time`() {
        var cache = Cache(limit: 2)
        _ = create(&cache, size: 5, now: 0, id: 1)
        _ = create(&cache, size: 3, now: 0, id: 2)
        for epoch: Int32 in 1...10 {
            let now = Int64(epoch) * Self.patience / 5
            _ = cache.use(id: 1, epoch: epoch, usesTopicIDs: false, now: now)
            _ = cache.use(id: 2, epoch: epoch, usesTopicIDs: false, now: now)
        }
        let made11 = create(&cache, size: 3, now: 2 * Self.patience, id: 3)
        #expect(made11 == nil)
        let made12 = create(&cache, size: 4, now: 2 * Self.patience + 1001, id: 3)
        #expect(made12 == 3)
        let code13 = code(cache.use(id: 2, epoch: 11, usesTopicIDs: false, now: 0))
        #expect(code13 == .fetchSessionIDNotFound)
    }

    @Test func `no session without partitions or places`() {
        var cache = Cache(limit: 1)
        let made14 = create(&cache, size: 0, now: 0, id: 1)
        #expect(made14 == nil)
        var none = Cache(limit: 0)
        let made15 = create(&none, size: 3, now: 0, id: 1)
        #expect(made15 == nil)
    }
}
