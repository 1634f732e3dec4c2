package import KafkaProtocol

/// A group of the consumer protocol (KIP-848) as a value: heartbeats and the time go in, answers and records come out.
///
/// The group has an epoch that grows with every change of members, subscriptions or topics. For each epoch the broker
/// computes a target for every member, and each heartbeat brings a member a step nearer to it: it gives up what is not
/// its own any more, then gets what others have given up. No member waits for another one's poll.
///
/// Every change is in the records that a step returns: applied in order to an empty state they make the same state
/// again, but for deadlines.
package struct ConsumerGroupState: Sendable, Equatable {
    /// What the group must know of a topic.
    package struct Topic: Sendable, Equatable {
        package let id: KafkaUUID
        package let partitionCount: Int32

        package init(id: KafkaUUID, partitionCount: Int32) {
            self.id = id
            self.partitionCount = partitionCount
        }
    }

    package struct Limits: Sendable, Equatable {
        package var membersMax: Int
        package var sessionTimeoutMilliseconds: Int64
        package var heartbeatIntervalMilliseconds: Int32
        package var assignors: [GroupAssignor]

        package init(
            membersMax: Int = 10_000,
            sessionTimeoutMilliseconds: Int64 = 45_000,
            heartbeatIntervalMilliseconds: Int32 = 5_000,
            assignors: [GroupAssignor] = [.uniform, .range]
        ) {
            self.membersMax = membersMax
            self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
            self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
            self.assignors = assignors
        }
    }

    /// Kafka's words.
    package enum Phase: String, Sendable {
        case empty = "Empty"
        case assigning = "Assigning"
        case reconciling = "Reconciling"
        case stable = "Stable"
    }

    package let id: String
    package var limits: Limits
    package internal(set) var members: [String: ConsumerGroupMember] = [:]
    /// Member ids of static members.
    var instances: [String: String] = [:]
    package internal(set) var epoch: Int32 = 1
    package internal(set) var targetEpoch: Int32 = 0
    package internal(set) var targets: [String: PartitionSet] = [:]
    /// Members of whom only the progress has been read: compaction puts records of different keys in any order.
    private var nameless: Set<String> = []
    /// A digest of the topics that the epoch was made for.
    var topicsDigest: Int64 = 0

    package init(id: String, limits: Limits) {
        self.id = id
        self.limits = limits
    }

    package var phase: Phase {
        if members.isEmpty { return .empty }
        if epoch != targetEpoch { return .assigning }
        return members.values.allSatisfy { $0.phase == .stable && $0.epoch == targetEpoch } ? .stable : .reconciling
    }

    /// The topics that members want.
    package var subscribedTopics: Set<String> { Set(members.values.lazy.flatMap(\.topics)) }

    package var assignor: GroupAssignor {
        var votes: [String: Int] = [:]
        for member in members.values { if let name = member.assignor { votes[name, default: 0] += 1 } }
        let first = limits.assignors.first ?? .uniform
        return limits.assignors.max { votes[$0.rawValue] ?? 0 < votes[$1.rawValue] ?? 0 }.flatMap {
            votes[$0.rawValue] ?? 0 > votes[first.rawValue] ?? 0 ? $0 : first
        } ?? first
    }

    /// When `tick` is wanted next.
    package var nextDeadline: Int64? {
        var deadline: Int64?
        for member in members.values {
            let own = min(member.sessionDeadline, member.revocationDeadline ?? Int64.max)
            deadline = min(deadline ?? own, own)
        }
        return deadline
    }

    /// Gives everyone a whole session after a start, when all records have been applied.
    package mutating func restartDeadlines(now: Int64) {
        for id in nameless { members[id] = nil }
        nameless = []
        for id in members.keys {
            members[id]?.sessionDeadline = now + limits.sessionTimeoutMilliseconds
            if let member = members[id], member.phase == .unrevoked {
                members[id]?.revocationDeadline = now + member.rebalanceTimeoutMilliseconds
            }
        }
    }

    /// Removes members that are silent or keep partitions that they should have given up.
    package mutating func tick(now: Int64) -> (gone: [String], records: [ConsumerGroupRecord]) {
        let gone = members.values.filter {
            min($0.sessionDeadline, $0.revocationDeadline ?? Int64.max) <= now
        }.map(\.id).sorted()
        guard !gone.isEmpty else { return ([], []) }
        var records: [ConsumerGroupRecord] = []
        for id in gone { remove(id, &records) }
        bump(&records)
        return (gone, records)
    }

    mutating func remove(_ memberID: String, _ records: inout [ConsumerGroupRecord]) {
        guard let member = members.removeValue(forKey: memberID) else { return }
        if let instanceID = member.instanceID, instances[instanceID] == memberID { instances[instanceID] = nil }
        targets[memberID] = nil
        records += [.currentGone(memberID), .targetGone(memberID), .memberGone(memberID)]
    }

    mutating func bump(_ records: inout [ConsumerGroupRecord]) {
        // Members compare epochs only with their own: after the largest comes the first again.
        epoch = epoch == Int32.max ? 1 : epoch + 1
        records.append(.group(epoch: epoch, topicsDigest: topicsDigest))
    }

    /// Everything there is to write about the group.
    package var records: [ConsumerGroupRecord] {
        var records: [ConsumerGroupRecord] = [.group(epoch: epoch, topicsDigest: topicsDigest)]
        let ordered = members.sorted { $0.key < $1.key }
        for (_, member) in ordered { records.append(.member(member)) }
        for (id, target) in targets.sorted(by: { $0.key < $1.key }) {
            records.append(.target(memberID: id, target))
        }
        records.append(.targetEpoch(targetEpoch))
        for (_, member) in ordered { records.append(Self.current(member)) }
        return records
    }

    /// The records that end the group.
    package var endRecords: [ConsumerGroupRecord] {
        var records: [ConsumerGroupRecord] = []
        for id in members.keys.sorted() { records += [.currentGone(id), .targetGone(id), .memberGone(id)] }
        return records + [.targetEpochGone, .groupGone]
    }

    static func current(_ member: ConsumerGroupMember) -> ConsumerGroupRecord {
        .current(
            memberID: member.id,
            .init(
                epoch: member.epoch,
                previousEpoch: member.previousEpoch,
                phase: member.phase,
                owned: member.owned,
                pendingRevocation: member.pendingRevocation
            )
        )
    }

    /// Takes in what was written before a start.
    package mutating func apply(_ record: ConsumerGroupRecord) {
        switch record {
        case .group(let epoch, let digest): (self.epoch, topicsDigest) = (epoch, digest)
        case .groupGone: self = ConsumerGroupState(id: id, limits: limits)
        case .member(var member):
            if let old = members[member.id] {
                (member.epoch, member.previousEpoch, member.phase) = (old.epoch, old.previousEpoch, old.phase)
                (member.owned, member.pendingRevocation) = (old.owned, old.pendingRevocation)
            } else {
                (member.epoch, member.previousEpoch, member.phase) = (0, 0, .stable)
                (member.owned, member.pendingRevocation) = (OwnedPartitions(), PartitionSet())
            }
            (member.sessionDeadline, member.revocationDeadline) = (0, nil)
            members[member.id] = member
            nameless.remove(member.id)
            if let instanceID = member.instanceID { instances[instanceID] = member.id }
        case .memberGone(let id):
            nameless.remove(id)
            guard let member = members.removeValue(forKey: id) else { return }
            if let instanceID = member.instanceID, instances[instanceID] == id { instances[instanceID] = nil }
        case .targetEpoch(let epoch): targetEpoch = epoch
        case .targetEpochGone: targetEpoch = 0
        case .target(let id, let target): targets[id] = target
        case .targetGone(let id): targets[id] = nil
        case .current(let id, let current):
            if members[id] == nil { nameless.insert(id) }
            var member = members[id] ?? ConsumerGroupMember(id: id)
            (member.epoch, member.previousEpoch, member.phase) = (current.epoch, current.previousEpoch, current.phase)
            (member.owned, member.pendingRevocation) = (current.owned, current.pendingRevocation)
            members[id] = member
        case .currentGone(let id):
            guard var member = members[id] else { return }
            (member.epoch, member.previousEpoch, member.phase) = (0, 0, .stable)
            (member.owned, member.pendingRevocation) = (OwnedPartitions(), PartitionSet())
            members[id] = member
        }
    }
}
