package import KafkaProtocol

/// Heartbeats: joining, staying and leaving.
extension ConsumerGroupState {
    /// What a member says; nil is "as before".
    package struct Heartbeat: Sendable {
        package var memberID: String
        package var epoch: Int32
        package var instanceID: String?
        package var rackID: String?
        package var clientID = ""
        package var clientHost = ""
        package var rebalanceTimeoutMilliseconds: Int32 = -1
        package var topics: [String]?
        package var regex: String?
        package var assignor: String?
        package var owned: PartitionSet?

        package init(memberID: String, epoch: Int32) {
            self.memberID = memberID
            self.epoch = epoch
        }
    }

    package struct Answer: Sendable, Equatable {
        package var error: ErrorCode = .none
        package var message: String?
        package var memberID: String?
        package var epoch: Int32 = 0
        package var heartbeatIntervalMilliseconds: Int32 = 0
        /// Nil: as before.
        package var assignment: PartitionSet?

        package static func refusal(_ error: ErrorCode, _ message: String) -> Answer {
            var answer = Answer()
            answer.error = error
            answer.message = message
            return answer
        }
    }

    package struct Step: Sendable {
        package var answer: Answer
        package var records: [ConsumerGroupRecord] = []
    }

    /// What a member's metadata may take on the disk and in memory.
    package static let subscriptionBytesMax = 1 << 20

    /// Takes a heartbeat; `topics` are all that exist of those that the group's members and this one want.
    package mutating func heartbeat(_ beat: Heartbeat, topics: [String: Topic], now: Int64) -> Step {
        if let refusal = problem(beat) { return Step(answer: refusal) }
        if beat.epoch < 0 { return leave(beat) }
        var records: [ConsumerGroupRecord] = []
        var member: ConsumerGroupMember
        let before: ConsumerGroupMember?
        switch find(beat) {
        case .refused(let answer): return Step(answer: answer)
        case .known(let known): (member, before) = (known, known)
        case .new:
            guard members.count < limits.membersMax else {
                return Step(
                    answer: .refusal(
                        .groupMaxSizeReached,
                        "The consumer group has reached its maximum capacity of \(limits.membersMax) members."
                    )
                )
            }
            (member, before) = (ConsumerGroupMember(id: beat.memberID), nil)
        case .replaces(let old):
            member = old
            member.id = beat.memberID
            (member.epoch, member.previousEpoch, member.phase) = (0, 0, .stable)
            before = old
            let target = targets[old.id]
            remove(old.id, &records)
            if let target {
                targets[member.id] = target
                records.append(.target(memberID: member.id, target))
            }
        }
        take(beat, &member)
        member.sessionDeadline = now + limits.sessionTimeoutMilliseconds
        members[member.id] = member
        if let instanceID = member.instanceID { instances[instanceID] = member.id }
        let isKept = before?.id == member.id
        if !isKept || !member.hasSameMetadata(as: before) { records.append(.member(member)) }
        let subscribed = subscribedTopics
        let topics = topics.filter { subscribed.contains($0.key) }
        let digest = Self.digest(topics)
        if before == nil || before?.topics != member.topics || before?.regex != member.regex || digest != topicsDigest {
            topicsDigest = digest
            bump(&records)
        }
        if epoch != targetEpoch { computeTarget(topics, &records) }
        let reconciled = reconcile(member, beat.owned, now)
        members[member.id] = reconciled
        let ownedBefore = isKept ? before?.owned.partitions : nil
        if !isKept || !reconciled.hasSameProgress(as: before) { records.append(Self.current(reconciled)) }
        var answer = Answer(memberID: member.id, epoch: reconciled.epoch)
        answer.heartbeatIntervalMilliseconds = limits.heartbeatIntervalMilliseconds
        let owned = reconciled.owned.partitions
        if beat.epoch == 0 || beat.isFull || owned != ownedBefore { answer.assignment = owned }
        return Step(answer: answer, records: records)
    }

    // MARK: Checks

    private func problem(_ beat: Heartbeat) -> Answer? {
        func invalid(_ message: String) -> Answer { .refusal(.invalidRequest, message) }
        if beat.memberID.isEmpty { return invalid("MemberId can't be empty.") }
        if beat.instanceID?.isEmpty == true { return invalid("InstanceId can't be empty.") }
        if beat.rackID?.isEmpty == true { return invalid("RackId can't be empty.") }
        switch beat.epoch {
        case 0:
            if beat.rebalanceTimeoutMilliseconds < 0 {
                return invalid("RebalanceTimeoutMs must be provided in first request.")
            }
            if beat.owned?.isEmpty != true { return invalid("TopicPartitions must be empty when (re-)joining.") }
            if beat.topics == nil, beat.regex == nil {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining."
                )
            }
        case ConsumerGroupMember.awayEpoch where beat.instanceID == nil: return invalid("InstanceId can't be null.")
        case ..<ConsumerGroupMember.awayEpoch: return invalid("MemberEpoch is invalid.")
        default: break
        }
        if let name = beat.assignor, !limits.assignors.contains(where: { $0.rawValue == name }) {
            let names = limits.assignors.map(\.rawValue).joined(separator: ", ")
            return .refusal(
                .unsupportedAssignor,
                "ServerAssignor \(name) is not supported. Supported assignors: \(names)."
            )
        }
        let size = (beat.topics ?? []).reduce(beat.memberID.utf8.count) { $0 + $1.utf8.count + 8 }
        return size <= Self.subscriptionBytesMax ? nil : invalid("The subscription is too large.")
    }

    private enum Found {
        case known(ConsumerGroupMember)
        case new
        /// A static member that said it would be back comes with a new id.
        case replaces(ConsumerGroupMember)
        case refused(Answer)
    }

    private func find(_ beat: Heartbeat) -> Found {
        let own = members[beat.memberID]
        if let instanceID = beat.instanceID {
            let holder = instances[instanceID].flatMap { members[$0] }
            if beat.epoch == 0 {
                guard let holder else { return own == nil ? .new : .refused(unknown(beat)) }
                if holder.id == beat.memberID { return .known(holder) }
                guard holder.epoch == ConsumerGroupMember.awayEpoch else {
                    return .refused(
                        .refusal(
                            .unreleasedInstanceID,
                            "Static member \(beat.memberID) with instance id \(instanceID) cannot join the group because "
                                + "the instance id is owned by \(holder.id) member."
                        )
                    )
                }
                return .replaces(holder)
            }
            guard let holder else { return .refused(unknown(beat)) }
            guard holder.id == beat.memberID else { return .refused(fenced(beat, instanceID, by: holder)) }
        }
        guard let own else { return beat.epoch == 0 ? .new : .refused(unknown(beat)) }
        return epochProblem(beat, own).map { .refused($0) } ?? .known(own)
    }

    private func unknown(_ beat: Heartbeat) -> Answer {
        .refusal(.unknownMemberID, "Member \(beat.memberID) is not a member of group \(id).")
    }

    private func fenced(_ beat: Heartbeat, _ instanceID: String, by holder: ConsumerGroupMember) -> Answer {
        .refusal(
            .fencedInstanceID,
            "Static member \(beat.memberID) with instance id \(instanceID) was fenced by member \(holder.id)."
        )
    }

    private func epochProblem(_ beat: Heartbeat, _ member: ConsumerGroupMember) -> Answer? {
        // Epoch 0 is a new beginning: the member owns nothing, so nothing of an older life can be at stake.
        guard beat.epoch > 0, beat.epoch != member.epoch else { return nil }
        if beat.epoch == member.previousEpoch, let owned = beat.owned, owned.isSubset(of: member.owned.partitions) {
            return nil
        }
        let word = beat.epoch > member.epoch ? "greater" : "smaller"
        return .refusal(
            .fencedMemberEpoch,
            "The consumer group member has a \(word) member epoch (\(beat.epoch)) than the one known by the group "
                + "coordinator (\(member.epoch)). The member must abandon all its partitions and rejoin."
        )
    }

    private func take(_ beat: Heartbeat, _ member: inout ConsumerGroupMember) {
        if let instanceID = beat.instanceID { member.instanceID = instanceID }
        if let rackID = beat.rackID { member.rackID = rackID }
        if beat.rebalanceTimeoutMilliseconds >= 0 {
            member.rebalanceTimeoutMilliseconds = Int64(beat.rebalanceTimeoutMilliseconds)
        }
        if let topics = beat.topics { member.topics = Set(topics).sorted() }
        if let regex = beat.regex { member.regex = regex.isEmpty ? nil : regex }
        if let assignor = beat.assignor { member.assignor = assignor }
        member.clientID = beat.clientID
        member.clientHost = beat.clientHost
    }

    // MARK: Leaving

    private mutating func leave(_ beat: Heartbeat) -> Step {
        var records: [ConsumerGroupRecord] = []
        guard var member = members[beat.memberID] else {
            if let instanceID = beat.instanceID, let holder = instances[instanceID].flatMap({ members[$0] }) {
                return Step(answer: fenced(beat, instanceID, by: holder))
            }
            return Step(answer: unknown(beat))
        }
        if let instanceID = beat.instanceID {
            guard let holder = instances[instanceID] else { return Step(answer: unknown(beat)) }
            if holder != beat.memberID, let other = members[holder] {
                return Step(answer: fenced(beat, instanceID, by: other))
            }
        }
        if beat.epoch == ConsumerGroupMember.awayEpoch {
            // It keeps what it has until it is back or its session ends.
            member.previousEpoch = member.epoch
            member.epoch = ConsumerGroupMember.awayEpoch
            member.pendingRevocation = PartitionSet()
            member.revocationDeadline = nil
            members[member.id] = member
            records.append(Self.current(member))
        } else {
            remove(member.id, &records)
            bump(&records)
        }
        return Step(answer: Answer(memberID: beat.memberID, epoch: beat.epoch), records: records)
    }
}

extension ConsumerGroupState.Heartbeat {
    /// Everything is said anew, as after an error: then everything is answered.
    fileprivate var isFull: Bool {
        rebalanceTimeoutMilliseconds >= 0 && (topics != nil || regex != nil) && owned != nil
    }
}

extension ConsumerGroupMember {
    fileprivate func hasSameMetadata(as other: ConsumerGroupMember?) -> Bool {
        guard let other else { return false }
        return instanceID == other.instanceID && rackID == other.rackID && clientID == other.clientID
            && clientHost == other.clientHost && topics == other.topics && regex == other.regex
            && rebalanceTimeoutMilliseconds == other.rebalanceTimeoutMilliseconds && assignor == other.assignor
    }

    fileprivate func hasSameProgress(as other: ConsumerGroupMember?) -> Bool {
        guard let other else { return false }
        return epoch == other.epoch && previousEpoch == other.previousEpoch && phase == other.phase
            && owned == other.owned && pendingRevocation == other.pendingRevocation
    }
}
