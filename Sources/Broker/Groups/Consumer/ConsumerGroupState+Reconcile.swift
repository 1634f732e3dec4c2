package import KafkaProtocol

/// Targets, and the way of each member to its own.
extension ConsumerGroupState {
    mutating func computeTarget(_ topics: [String: Topic], _ records: inout [ConsumerGroupRecord]) {
        var counts: [KafkaUUID: Int32] = [:]
        for topic in topics.values { counts[topic.id] = topic.partitionCount }
        let wanting = members.values.map { member in
            GroupAssignor.Member(
                id: member.id,
                instanceID: member.instanceID,
                topics: Set(member.topics.compactMap { topics[$0]?.id }),
                previous: targets[member.id] ?? PartitionSet()
            )
        }
        let wanted = Set(wanting.flatMap(\.topics))
        let next = assignor.assign(wanting, counts.filter { wanted.contains($0.key) })
        for (id, target) in next.sorted(by: { $0.key < $1.key }) where targets[id] != target {
            records.append(.target(memberID: id, target))
        }
        targets = next
        targetEpoch = epoch
        records.append(.targetEpoch(epoch))
    }

    /// Brings a member as far as the others let it.
    func reconcile(_ member: ConsumerGroupMember, _ reported: PartitionSet?, _ now: Int64) -> ConsumerGroupMember {
        var member = member
        if reported?.isEmpty == true, member.epoch != ConsumerGroupMember.awayEpoch {
            // It owns nothing: what it was to give up is given up.
            member.pendingRevocation = PartitionSet()
        }
        switch member.phase {
        case .stable where member.epoch == targetEpoch: return member
        case .unrevoked where !member.pendingRevocation.isEmpty:
            // Only a member that says what it owns can show that it has given something up.
            guard let reported, reported.isDisjoint(with: member.pendingRevocation) else { return member }
        default: break
        }
        return next(member, reported, now)
    }

    private func next(_ old: ConsumerGroupMember, _ reported: PartitionSet?, _ now: Int64) -> ConsumerGroupMember {
        var member = old
        let target = targets[member.id] ?? PartitionSet()
        var kept = OwnedPartitions()
        var toRevoke = PartitionSet()
        old.owned.forEach { topic, partition, epoch in
            if target.contains(topic, partition) {
                kept.set(topic, partition, epoch: epoch)
            } else {
                toRevoke.insert(topic, partition)
            }
        }
        member.owned = kept
        if !toRevoke.isEmpty, reported.map({ !$0.isDisjoint(with: toRevoke) }) ?? true {
            if member.phase != .unrevoked || old.revocationDeadline == nil || old.pendingRevocation != toRevoke {
                member.revocationDeadline = now + max(0, member.rebalanceTimeoutMilliseconds)
            }
            member.phase = .unrevoked
            member.pendingRevocation = toRevoke
            return member
        }
        member.pendingRevocation = PartitionSet()
        member.revocationDeadline = nil
        member.advance(to: targetEpoch)
        let taken = partitionsOfOthers(than: member.id)
        var waits = false
        target.forEach { topic, partition in
            guard kept.epoch(topic, partition) == nil else { return }
            if taken.contains(topic, partition) {
                waits = true
            } else {
                member.owned.set(topic, partition, epoch: targetEpoch)
            }
        }
        member.phase = waits ? .unreleased : .stable
        return member
    }

    /// What others own or have not given up yet.
    private func partitionsOfOthers(than memberID: String) -> PartitionSet {
        var taken = PartitionSet()
        for (id, member) in members where id != memberID {
            member.owned.forEach { topic, partition, _ in taken.insert(topic, partition) }
            member.pendingRevocation.forEach { taken.insert($0, $1) }
        }
        return taken
    }

    /// Whether a commit is taken.
    ///
    /// A commit of an older epoch is taken for what the member has owned since that epoch or before.
    package func commitProblem(
        memberID: String,
        epoch: Int32,
        isTransactional: Bool,
        version: Int16,
        partitions: [(KafkaUUID, Int32)]
    ) -> ErrorCode {
        if epoch < 0, members.isEmpty { return .none }
        if isTransactional, epoch < 0, memberID.isEmpty { return .none }
        guard let member = members[memberID] else { return .unknownMemberID }
        if !isTransactional, version < 9 { return .unsupportedVersion }
        if epoch == member.epoch { return .none }
        guard epoch < member.epoch else { return isTransactional ? .illegalGeneration : .staleMemberEpoch }
        let isOld = partitions.contains { topic, partition in
            member.owned.epoch(topic, partition).map { $0 > epoch } ?? true
        }
        return !isOld ? .none : isTransactional ? .illegalGeneration : .staleMemberEpoch
    }

    /// What is wrong with the epoch that a reader of offsets gives.
    package func readProblem(memberID: String?, epoch: Int32) -> ErrorCode {
        if memberID == nil, epoch < 0 { return .none }
        guard let member = memberID.flatMap({ members[$0] }) else { return .unknownMemberID }
        return epoch == member.epoch ? .none : .staleMemberEpoch
    }

    /// Tells one set of topics from another, in this process and the next.
    static func digest(_ topics: [String: Topic]) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        func add(_ value: UInt64) { for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(value >> shift & 255)) } }
        for (name, topic) in topics.sorted(by: { $0.key < $1.key }) {
            for byte in name.utf8 { add(byte) }
            add(topic.id.high)
            add(topic.id.low)
            add(UInt64(bitPattern: Int64(topic.partitionCount)))
        }
        return Int64(bitPattern: hash)
    }
}
