import Broker
import Clocks
import CommitLog
import Testing

/// Plays a partition of the offsets: batches of several producers, markers, deletions, and writes that are taken back.
///
/// What is live must be what a start would read from the same log.
private struct Play {
    private enum Entry {
        case batch(group: String, producer: Int64, TopicPartition, CommittedOffset)
        case marker(producer: Int64, isCommit: Bool)
        case deletion(group: String, TopicPartition)
    }

    private struct Key: Hashable {
        let group: String
        let partition: TopicPartition
    }

    private var random: SeededGenerator
    private var live = PendingOffsets()
    private var committed: [Key: CommittedOffset] = [:]
    /// By offset; what lies at or above `durable` may still be taken back.
    private var log: [Int64: Entry] = [:]
    private var end: Int64 = 0
    private var durable: Int64 = 0
    private var next: Int64 = 0
    private(set) var problems: [String] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: takeBack()
            case 1...3: sync()
            case 4: delete()
            case 5...6: mark()
            default: append()
            }
            check()
        }
    }

    private mutating func put(_ entry: Entry) -> Int64 {
        defer { end += 1 }
        log[end] = entry
        return end
    }

    private mutating func pick() -> (String, Int64, TopicPartition) {
        (
            ["a", "b"][Int.random(in: 0..<2, using: &random)], Int64.random(in: 1...3, using: &random),
            TopicPartition(topic: "t", partition: Int32.random(in: 0..<3, using: &random))
        )
    }

    /// `other`: of any producer but this one.
    private mutating func append(other: Int64? = nil) {
        let (group, producer, partition) = pick()
        guard producer != other else { return }
        next += 1
        let offset = CommittedOffset(offset: next, leaderEpoch: 0, metadata: "", commitMilliseconds: 0)
        let position = put(.batch(group: group, producer: producer, partition, offset))
        live.append(group: group, producerID: producer, [(partition, offset)], at: position)
    }

    /// All that was appended is on disk now; each batch hears of it, in order.
    private mutating func sync() {
        for position in durable..<end {
            guard case .batch(let group, let producer, _, _) = log[position] else { continue }
            live.settle(group: group, producerID: producer, through: position)
        }
        durable = end
    }

    /// A write fails: what was not on disk is gone, and others get its offsets.
    private mutating func takeBack() {
        for position in durable..<end {
            if case .batch(let group, let producer, _, _) = log.removeValue(forKey: position) {
                live.takeBack(group: group, producerID: producer, at: position)
            }
        }
        end = durable
    }

    /// A marker counts when it is on disk; others go on meanwhile, while its producer has to wait.
    private mutating func mark() {
        let producer = Int64.random(in: 1...3, using: &random)
        let isCommit = Bool.random(using: &random)
        let position = put(.marker(producer: producer, isCommit: isCommit))
        if Bool.random(using: &random) { append(other: producer) }
        sync()
        let ended = live.end(producerID: producer, markerOffset: position) { _ in true }
        guard isCommit else { return }
        for (group, offsets) in ended {
            for (partition, offset) in offsets { committed[Key(group: group, partition: partition)] = offset }
        }
    }

    private mutating func delete() {
        let (group, _, partition) = pick()
        _ = put(.deletion(group: group, partition))
        sync()
        live.forget(group: group, partition)
        committed[Key(group: group, partition: partition)] = nil
    }

    /// What a start would make of the log, told the long way round.
    private func differences() -> [String] {
        var open: [Int64: [(Key, CommittedOffset)]] = [:]
        var result: [Key: CommittedOffset] = [:]
        for position in 0..<end {
            switch log[position] {
            case nil: break
            case .batch(let group, let producer, let partition, let offset):
                open[producer, default: []].append((Key(group: group, partition: partition), offset))
            case .marker(let producer, let isCommit):
                for (key, offset) in open.removeValue(forKey: producer) ?? [] where isCommit { result[key] = offset }
            case .deletion(let group, let partition):
                let key = Key(group: group, partition: partition)
                result[key] = nil
                for producer in open.keys { open[producer]?.removeAll { $0.0 == key } }
            }
        }
        var found: [String] = []
        if result != committed { found.append("committed are \(committed), the log says \(result)") }
        for group in ["a", "b"] {
            let unstable = Set(open.values.joined().filter { $0.0.group == group }.map(\.0.partition))
            if live.partitions(group: group) != unstable { found.append("\(group): unstable should be \(unstable)") }
            if live.hasPending(group: group) == unstable.isEmpty { found.append("\(group): hasPending is wrong") }
        }
        return found
    }

    private mutating func check() { problems += differences() }
}

@Suite struct PendingOffsetsTests {
    @Test(arguments: 0..<300)
    func `what is pending is what a start would read from the log`(seed: UInt64) {
        var play = Play(seed: seed)
        play.run(steps: 200)
        #expect(play.problems.prefix(3) == [])
    }
}
