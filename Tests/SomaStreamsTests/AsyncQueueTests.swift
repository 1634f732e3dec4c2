import Clocks
import RdKafka
import Testing

@testable import SomaStreams

struct AsyncQueueTests {
    private func record(_ partition: Int32, _ offset: Int64, key: String?) -> OwnedRecord {
        OwnedRecord(
            topic: "in",
            partition: partition,
            offset: offset,
            timestamp: 0,
            key: key.map { Array($0.utf8) },
            value: [1],
            headers: [],
            defaultTypes: [:]
        )
    }

    @Test(arguments: 0..<32 as Range<UInt64>)
    func `whatever happens, keys keep their order and positions never pass an unfinished record`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let policy = FailurePolicy(retries: 1, backoff: .milliseconds(5))
        let queue = AsyncQueue(limits: AsyncLimits(inFlight: 4, waitingBytes: 1 << 20), policy: policy)
        var next: [Int32: Int64] = [0: 0, 1: 0]
        var running: [UInt: OwnedRecord] = [:]
        var writing: Set<UInt> = []
        var done: [Int32: Set<Int64>] = [0: [], 1: []]
        var lastStarted: [String: Int64] = [:]
        var now: Int64 = 0

        func step(adding: Bool) {
            now += 3
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                guard adding else { break }
                let partition = Int32.random(in: 0...1, using: &random)
                let key = ["a", "b", "c", nil].randomElement(using: &random) ?? nil
                queue.add(record(partition, next[partition] ?? 0, key: key))
                next[partition, default: 0] += 1
            case 2:
                guard let id = running.keys.sorted().randomElement(using: &random) else { break }
                let record = running.removeValue(forKey: id)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    if case .deadLetter = queue.failed(id, .transient("t", ""), now: now) { writing.insert(id) }
                    // A retry starts the same record again.
                    if let record, !writing.contains(id) { lastStarted[lane(record)] = record.offset - 1 }
                } else {
                    queue.finished(id)
                    writing.insert(id)
                }
            case 3:
                guard let id = writing.sorted().randomElement(using: &random) else { break }
                writing.remove(id)
                if let record = queue[id]?.record { done[record.partition]?.insert(record.offset) }
                queue.acknowledged(id)
            default:
                for entry in queue.takeReady(now: now) {
                    if entry.record.key != nil {
                        #expect(!running.values.contains { lane($0) == lane(entry.record) })
                        #expect(lastStarted[lane(entry.record), default: -1] < entry.record.offset)
                        lastStarted[lane(entry.record)] = entry.record.offset
                    }
                    running[entry.id] = entry.record
                }
                #expect(running.count <= 4 && queue.inFlight == running.count)
            }
            for (place, position) in queue.takePositions() {
                let finished = done[place.partition] ?? []
                #expect((0..<position).allSatisfy { finished.contains($0) })
            }
        }
        func lane(_ record: OwnedRecord) -> String { "\(record.partition)/\(record.keyText)" }

        for _ in 0..<600 { step(adding: true) }
        for _ in 0..<20_000 where !queue.isIdle { step(adding: false) }
        #expect(queue.isIdle && queue.byteCount == 0 && queue.inFlight == 0)
        #expect(done[0]?.count == Int(next[0] ?? 0) && done[1]?.count == Int(next[1] ?? 0))
    }

    @Test func `a revoked partition leaves nothing behind and the others go on`() {
        let queue = AsyncQueue(limits: AsyncLimits(inFlight: 2), policy: FailurePolicy())
        for offset in 0..<3 as Range<Int64> { queue.add(record(0, offset, key: "a")) }
        queue.add(record(1, 0, key: "a"))
        let started = queue.takeReady(now: 0)
        #expect(started.map(\.record.partition) == [0, 1])
        #expect(queue.revoke([TopicPartition("in", 0)]) == [started[0].id])
        #expect(queue.count == 1 && queue.inFlight == 1)
        queue.finished(started[0].id)
        queue.acknowledged(started[0].id)
        #expect(queue.takePositions().isEmpty)
        queue.add(record(0, 0, key: "a"))
        #expect(queue.takeReady(now: 0).map(\.record.offset) == [0])
    }
}

struct EpochQueueTests {
    private let place = TopicPartition("in", 0)

    @Test func `positions come out when their outputs and all before them are acknowledged`() {
        var epochs = EpochQueue()
        epochs.wrote()
        epochs.wrote()
        epochs.processed(place, next: 5)
        epochs.close()
        epochs.processed(place, next: 7)
        epochs.close()
        #expect(epochs.takeComplete().isEmpty && epochs.isWaiting)
        epochs.acknowledge([1: 1])
        #expect(epochs.takeComplete().isEmpty)
        epochs.acknowledge([1: 1])
        #expect(epochs.takeComplete() == [place: 7])
        #expect(!epochs.isWaiting && !epochs.isDirty)
    }

    @Test func `acknowledgements may come before the epoch is closed`() {
        var epochs = EpochQueue()
        epochs.wrote()
        epochs.acknowledge([1: 1])
        epochs.processed(place, next: 1)
        epochs.close()
        #expect(epochs.takeComplete() == [place: 1])
    }

    @Test func `positions of a lost partition are not committed`() {
        var epochs = EpochQueue()
        epochs.processed(place, next: 1)
        epochs.processed(TopicPartition("in", 1), next: 2)
        epochs.close()
        epochs.forget([place])
        #expect(epochs.takeComplete() == [TopicPartition("in", 1): 2])
    }
}
