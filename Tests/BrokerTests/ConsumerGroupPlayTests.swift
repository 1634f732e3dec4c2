import Broker
import Clocks
import KafkaProtocol
import Testing

/// Members of a consumer-protocol group that join, die, leave, come back, lose answers and revoke late, topics that
/// grow and vanish, and a broker that starts anew from its records: all in an order that the seed decides.
private struct Play {
    private struct Member {
        var instance: String?
        var id = ""
        var epoch: Int32 = 0
        var topics: [String] = []
        var isDead = false
        /// What it works on.
        var owned = PartitionSet()
        /// What the broker said last.
        var told = PartitionSet()
        /// It has not heard the answer to its last heartbeat and says everything anew.
        var saysAll = true
        var assignor: String?
    }

    private static let limits = ConsumerGroupState.Limits(membersMax: 100, sessionTimeoutMilliseconds: 10_000)

    private var random: SeededGenerator
    private(set) var state = ConsumerGroupState(id: "g", limits: limits)
    private var written = ConsumerGroupState(id: "g", limits: limits)
    private var members: [Member]
    private var log: [ConsumerGroupRecord] = []
    private var topics: [String: ConsumerGroupState.Topic] = [:]
    private var now: Int64 = 0
    private var counter: UInt64 = 0
    private(set) var problems: Set<String> = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        members = (0..<Int(2 + seed % 5)).map { Member(instance: $0 % 3 == 0 ? "i\($0)" : nil) }
        for name in ["a", "b"] { change(name) }
        for index in members.indices { begin(index) }
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            let index = Int.random(in: members.indices, using: &random)
            switch Int.random(in: 0..<40, using: &random) {
            case 0: members[index].isDead = true
            case 1: if members[index].isDead { begin(index) }
            case 2: leave(index)
            case 3: change(["a", "b", "c"].randomElement(using: &random) ?? "a")
            case 4: topics["c"] = nil
            case 5:
                members[index].topics = [["a"], ["a", "b"], ["b", "c"]].randomElement(using: &random) ?? []
                members[index].saysAll = true
            case 6: restart()
            case 7...10: pass(Int64.random(in: 0...3_000, using: &random))
            case 11...13: revoke(index)
            default: beat(index, losesAnswer: Int.random(in: 0..<8, using: &random) == 0)
            }
            check()
        }
    }

    mutating func settle() {
        for index in members.indices where members[index].isDead { begin(index) }
        for index in members.indices where members[index].topics.isEmpty { members[index].topics = ["a", "b"] }
        for index in members.indices {
            members[index].topics = ["a", "b"]
            members[index].saysAll = true
        }
        for _ in 0..<60 {
            for index in members.indices {
                revoke(index)
                beat(index, losesAnswer: false)
            }
            pass(300)
            check()
        }
        if state.phase != .stable { problems.insert("the group ends \(state.phase)") }
        let counts = members.map(\.owned.count)
        let all = topics["a"].map { Int($0.partitionCount) }.map { $0 + Int(topics["b"]?.partitionCount ?? 0) } ?? 0
        if counts.reduce(0, +) != all { problems.insert("\(all) partitions, owned \(counts)") }
        if (counts.max() ?? 0) - (counts.min() ?? 0) > 1, state.assignor == .uniform {
            problems.insert("spread unevenly: \(counts)")
        }
    }

    // MARK: Members

    private mutating func begin(_ index: Int) {
        counter += 1
        members[index] = Member(
            instance: members[index].instance,
            id: "m\(counter)",
            topics: ["a", "b"],
            assignor: Int.random(in: 0..<10, using: &random) == 0 ? "range" : nil
        )
    }

    private mutating func beat(_ index: Int, losesAnswer: Bool) {
        let member = members[index]
        guard !member.isDead else { return }
        var beat = ConsumerGroupState.Heartbeat(memberID: member.id, epoch: member.epoch)
        beat.instanceID = member.instance
        if member.epoch == 0 || member.saysAll {
            beat.rebalanceTimeoutMilliseconds = 5_000
            beat.topics = member.topics
            beat.owned = member.owned
        } else if Bool.random(using: &random) || member.owned != member.told {
            beat.owned = member.owned
        }
        beat.assignor = member.assignor
        let step = state.heartbeat(beat, topics: topics, now: now)
        write(step.records)
        if losesAnswer {
            members[index].saysAll = true
            return
        }
        switch step.answer.error {
        case .none:
            members[index].epoch = step.answer.epoch
            members[index].saysAll = false
            if let told = step.answer.assignment { take(index, told) }
        case .fencedMemberEpoch, .unknownMemberID:
            (members[index].epoch, members[index].owned, members[index].told) = (0, PartitionSet(), PartitionSet())
        case .unreleasedInstanceID, .fencedInstanceID: break
        default: problems.insert("a heartbeat got \(step.answer.error)")
        }
    }

    /// New partitions are worked on at once; others are given up when `revoke` comes.
    private mutating func take(_ index: Int, _ told: PartitionSet) {
        members[index].told = told
        told.forEach { topic, partition in
            for other in members.indices
            where other != index && !members[other].isDead && members[other].owned.contains(topic, partition) {
                // Only one that the broker no longer knows may still believe that it has a partition.
                if state.members[members[other].id]?.epoch == members[other].epoch, members[other].epoch > 0 {
                    problems.insert("two living members own a partition")
                }
            }
            members[index].owned.insert(topic, partition)
        }
    }

    private mutating func revoke(_ index: Int) { members[index].owned = members[index].told }

    private mutating func leave(_ index: Int) {
        guard !members[index].isDead, members[index].epoch > 0 else { return }
        let epoch: Int32 = members[index].instance != nil && Bool.random(using: &random) ? -2 : -1
        var beat = ConsumerGroupState.Heartbeat(memberID: members[index].id, epoch: epoch)
        beat.instanceID = members[index].instance
        write(state.heartbeat(beat, topics: topics, now: now).records)
        begin(index)
    }

    // MARK: Broker

    private mutating func change(_ name: String) {
        let count = Int32.random(in: 1...8, using: &random)
        let old = topics[name]
        counter += 1
        // Topics grow, or are deleted and made again.
        let grows = old.map { count > $0.partitionCount } ?? false
        topics[name] = .init(
            id: grows ? old?.id ?? .zero : KafkaUUID(high: 7, low: counter),
            partitionCount: count
        )
    }

    private mutating func pass(_ milliseconds: Int64) {
        now += milliseconds
        write(state.tick(now: now).records)
    }

    private mutating func write(_ records: [ConsumerGroupRecord]) {
        for record in records {
            guard let read = Self.throughBytes(record) else {
                problems.insert("a record cannot be read back")
                continue
            }
            written.apply(read)
            log.append(read)
        }
    }

    private static func throughBytes(_ record: ConsumerGroupRecord) -> ConsumerGroupRecord? {
        let whole = GroupRecord.consumer(group: "g", record)
        let read = try? whole.key.withUnsafeBytes { key in
            guard let value = whole.value else { return try GroupRecord(key: key, value: nil) }
            return try value.withUnsafeBytes { try GroupRecord(key: key, value: $0) }
        }
        guard case .consumer("g", let record)? = read else { return nil }
        return record
    }

    /// The next broker has the records only, or a rewrite of them.
    private mutating func restart() {
        var next = ConsumerGroupState(id: "g", limits: Self.limits)
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            log = state.records
            for record in log { if let read = Self.throughBytes(record) { next.apply(read) } }
        case 1:
            // Compaction keeps the last of each key where it was.
            var last: [[UInt8]: Int] = [:]
            for (place, record) in log.enumerated() { last[GroupRecord.consumer(group: "g", record).key] = place }
            log = last.values.sorted().map { log[$0] }
            for record in log { next.apply(record) }
        default:
            next = written
        }
        next.restartDeadlines(now: now)
        written = next
        if next.phase != state.phase { problems.insert("after a start the group is \(next.phase), was \(state.phase)") }
        state = next
    }

    private mutating func check() {
        var seen = PartitionSet()
        for member in state.members.values {
            member.owned.partitions.forEach { topic, partition in
                if seen.contains(topic, partition) { problems.insert("the broker gives a partition to two members") }
                seen.insert(topic, partition)
            }
            member.pendingRevocation.forEach { topic, partition in
                if seen.contains(topic, partition) { problems.insert("a partition is given away before it is free") }
                seen.insert(topic, partition)
            }
        }
        if state.epoch != written.epoch || state.targets != written.targets
            || Set(state.members.keys) != Set(written.members.keys)
            || state.members.contains(where: {
                $1.owned != written.members[$0]?.owned || $1.epoch != written.members[$0]?.epoch
            })
        {
            problems.insert("what is written is not what is")
        }
    }
}

@Suite struct ConsumerGroupPlayTests {
    @Test(arguments: 0..<64 as Range<UInt64>)
    func `each partition has one owner at a time, and the group settles evenly`(seed: UInt64) {
        var play = Play(seed: seed)
        play.run(steps: 250)
        play.settle()
        #expect(play.problems.isEmpty)
    }
}
