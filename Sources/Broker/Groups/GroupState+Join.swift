import KafkaProtocol

/// Joining, and the start and end of a rebalance.
extension GroupState {
    mutating func handleJoin(
        _ join: GroupEvent.Join,
        _ token: RequestToken,
        _ now: Int64,
        _ actions: inout [GroupAction]
    ) {
        func refuse(_ error: ErrorCode, memberID: String) -> GroupAction {
            .answerJoin(token, .init(error: error, memberID: memberID))
        }
        guard accepts(join) else {
            return actions.append(refuse(.inconsistentGroupProtocol, memberID: join.memberID))
        }
        if join.memberID.isEmpty {
            guard metadataFits(join) else { return actions.append(refuse(.groupMaxSizeReached, memberID: "")) }
            return joinNew(join, token, now, &actions)
        }
        guard metadataFits(join) else { return actions.append(refuse(.groupMaxSizeReached, memberID: join.memberID)) }
        if pendingMembers.removeValue(forKey: join.memberID) != nil {
            return add(join, id: join.memberID, token, now, &actions)
        }
        if let problem = problem(join.memberID, join.instanceID) {
            return actions.append(refuse(problem, memberID: join.memberID))
        }
        guard let index = index(join.memberID) else { return }
        switch phase {
        case .preparing:
            update(index, join, token, &actions)
            completeJoinIfAll(now, &actions)
        case .completing where members[index].strategies == join.strategies,
            .stable where members[index].strategies == join.strategies && join.memberID != leader:
            // It has not heard the answer to its join, or asks again: the generation is what it was.
            actions.append(.answerJoin(token, joinAnswer(for: index)))
            touch(join.memberID, now)
        case .completing, .stable:
            update(index, join, token, &actions)
            prepareRebalance(now, &actions)
        case .empty:
            actions.append(refuse(.unknownMemberID, memberID: join.memberID))
        }
    }

    private func metadataFits(_ join: GroupEvent.Join) -> Bool {
        let others = members.reduce(0) { $1.id == join.memberID ? $0 : $0 + $1.metadataByteCount }
        let own = join.strategies.reduce(0) { $0 + $1.name.utf8.count + $1.metadata.count }
        return others + own <= Self.metadataBytesMax
    }

    /// A group takes members that talk its protocol type and know a strategy that all members know, the one that asks
    /// included: what it said before holds until it has joined.
    private func accepts(_ join: GroupEvent.Join) -> Bool {
        guard !join.protocolType.isEmpty, !join.strategies.isEmpty else { return false }
        guard !members.isEmpty else { return true }
        guard protocolType == join.protocolType else { return false }
        return join.strategies.contains { strategy in
            members.allSatisfy { $0.strategies.contains { $0.name == strategy.name } }
        }
    }

    private mutating func joinNew(
        _ join: GroupEvent.Join,
        _ token: RequestToken,
        _ now: Int64,
        _ actions: inout [GroupAction]
    ) {
        if let instanceID = join.instanceID, let index = staticIndex(instanceID) {
            return replaceStatic(index, join, token, now, &actions)
        }
        guard members.count + pendingMembers.count < sizeMax else {
            return actions.append(.answerJoin(token, .init(error: .groupMaxSizeReached)))
        }
        if join.requiresKnownMemberID, join.instanceID == nil {
            pendingMembers[join.candidateID] = now + join.sessionTimeoutMilliseconds
            return actions.append(
                .answerJoin(token, .init(error: .memberIDRequired, memberID: join.candidateID))
            )
        }
        add(join, id: join.candidateID, token, now, &actions)
    }

    private mutating func add(
        _ join: GroupEvent.Join,
        id: String,
        _ token: RequestToken,
        _ now: Int64,
        _ actions: inout [GroupAction]
    ) {
        if members.isEmpty { protocolType = join.protocolType }
        var member = GroupMember(
            id: id,
            instanceID: join.instanceID,
            clientID: join.clientID,
            clientHost: join.clientHost,
            sessionTimeoutMilliseconds: join.sessionTimeoutMilliseconds,
            rebalanceTimeoutMilliseconds: join.rebalanceTimeoutMilliseconds,
            strategies: join.strategies
        )
        member.joinWaiting = token
        member.isNew = true
        member.sessionDeadline = now + Self.newMemberJoinMilliseconds
        members.append(member)
        persistID(members.count - 1, &actions)
        if leader == nil { leader = id }
        if phase == .preparing {
            if initialDeadline != nil {
                // Others may be right behind: wait again, but not beyond the rebalance timeout.
                initialDeadline = min(now + initialDelayMilliseconds, phaseDeadline ?? now)
            }
            completeJoinIfAll(now, &actions)
        } else {
            prepareRebalance(now, &actions)
        }
    }

    /// A static member is back under a new id; the old one, if it still lives, is fenced (KIP-345).
    private mutating func replaceStatic(
        _ index: Int,
        _ join: GroupEvent.Join,
        _ token: RequestToken,
        _ now: Int64,
        _ actions: inout [GroupAction]
    ) {
        let old = members[index]
        if let waiting = old.joinWaiting {
            actions.append(.answerJoin(waiting, .init(error: .fencedInstanceID, memberID: old.id)))
        }
        if let waiting = old.syncWaiting {
            actions.append(.answerSync(waiting, .init(error: .fencedInstanceID)))
        }
        let previousLeader = leader
        let wasLeader = leader == old.id
        members[index].id = join.candidateID
        members[index].joinWaiting = nil
        members[index].syncWaiting = nil
        if wasLeader { leader = join.candidateID }
        switch phase {
        case .stable where keepsAssignment(index, join):
            apply(index, join)
            touch(join.candidateID, now)
            var answer = joinAnswer(for: index)
            if wasLeader {
                // An old client must not take itself for the leader: its assignment would reach nobody. A new one is
                // told to keep the assignment.
                answer.skipAssignment = join.supportsSkippingAssignment
                if !join.supportsSkippingAssignment {
                    answer.leader = previousLeader ?? ""
                    answer.members = []
                }
            }
            heldAnswers.append(.init(ticket: persist(&actions), token: token, answer: answer))
        case .preparing:
            persistID(index, &actions)
            update(index, join, token, &actions)
            completeJoinIfAll(now, &actions)
        case .completing, .stable, .empty:
            persistID(index, &actions)
            update(index, join, token, &actions)
            prepareRebalance(now, &actions)
        }
    }

    /// Whether a static member can go on where it was: the group's strategy stays and it wants the same topics.
    ///
    /// The rest of its subscription may differ: a cooperative member that starts anew says that it owns nothing.
    private func keepsAssignment(_ index: Int, _ join: GroupEvent.Join) -> Bool {
        var after = self
        after.apply(index, join)
        guard after.selectedStrategy == protocolName else { return false }
        guard protocolType == ConsumerSubscription.protocolType else { return true }
        func topics(_ state: GroupState) -> Set<String> {
            Set(ConsumerSubscription.topics(in: state.members[index].metadata(for: protocolName)))
        }
        return topics(self) == topics(after)
    }

    private mutating func apply(_ index: Int, _ join: GroupEvent.Join) {
        members[index].strategies = join.strategies
        members[index].clientID = join.clientID
        members[index].clientHost = join.clientHost
        members[index].sessionTimeoutMilliseconds = join.sessionTimeoutMilliseconds
        members[index].rebalanceTimeoutMilliseconds = join.rebalanceTimeoutMilliseconds
    }

    private mutating func update(
        _ index: Int,
        _ join: GroupEvent.Join,
        _ token: RequestToken,
        _ actions: inout [GroupAction]
    ) {
        apply(index, join)
        if let earlier = members[index].joinWaiting {
            // The same member asks twice; whoever waits for the first answer is gone.
            actions.append(.answerJoin(earlier, .init(error: .rebalanceInProgress, memberID: members[index].id)))
        }
        members[index].joinWaiting = token
    }

    mutating func prepareRebalance(_ now: Int64, _ actions: inout [GroupAction]) {
        answerWaitingSyncs(.rebalanceInProgress, &actions)
        assignmentTicket = nil
        let timeout = rebalanceTimeout
        let wasEmpty = phase == .empty
        phase = .preparing
        phaseDeadline = now + timeout
        initialDeadline = wasEmpty && initialDelayMilliseconds > 0 ? now + min(initialDelayMilliseconds, timeout) : nil
        completeJoinIfAll(now, &actions)
    }

    /// Ends the collecting of joins when nobody is missing.
    mutating func completeJoinIfAll(_ now: Int64, _ actions: inout [GroupAction]) {
        guard phase == .preparing else { return }
        // Ids that were given out are waited for, but not by a group that nobody else is in.
        let isComplete =
            pendingMembers.isEmpty && (initialDeadline ?? now) <= now && members.allSatisfy { $0.joinWaiting != nil }
        if isComplete || members.isEmpty { completeJoin(now, &actions) }
    }

    /// Begins the next generation with those that have joined.
    mutating func completeJoin(_ now: Int64, _ actions: inout [GroupAction]) {
        // Static members keep their place until their session ends; others that did not join are out.
        members.removeAll { $0.joinWaiting == nil && $0.instanceID == nil }
        initialDeadline = nil
        guard !members.isEmpty else { return becomeEmpty(now, &actions) }
        guard members.contains(where: { $0.joinWaiting != nil }) else {
            phaseDeadline = now + rebalanceTimeout
            return
        }
        if let leader, member(leader)?.joinWaiting != nil {
        } else {
            leader = members.first { $0.joinWaiting != nil }?.id
        }
        generation = nextGeneration
        protocolName = selectedStrategy
        phase = .completing
        // Who has joined must sync within the same time, or the others would wait for it for ever.
        phaseDeadline = now + rebalanceTimeout
        for index in members.indices {
            members[index].assignment = []
            members[index].isNew = false
            members[index].owesSync = true
            members[index].sessionDeadline = now + members[index].sessionTimeoutMilliseconds
            guard let token = members[index].joinWaiting else { continue }
            members[index].joinWaiting = nil
            if let ticket = members[index].idTicket {
                heldAnswers.append(.init(ticket: ticket, token: token, answer: joinAnswer(for: index)))
            } else {
                actions.append(.answerJoin(token, joinAnswer(for: index)))
            }
        }
    }

    mutating func becomeEmpty(_ now: Int64, _ actions: inout [GroupAction]) {
        generation = nextGeneration
        phase = .empty
        phaseDeadline = nil
        initialDeadline = nil
        protocolName = nil
        leader = nil
        for held in heldAnswers {
            actions.append(.answerJoin(held.token, .init(error: .unknownMemberID, memberID: held.answer.memberID)))
        }
        heldAnswers = []
        _ = persist(&actions)
    }

    private var nextGeneration: Int32 { generation == Int32.max ? 1 : generation + 1 }

    private func joinAnswer(for index: Int) -> GroupAction.JoinAnswer {
        let isLeader = members[index].id == leader
        return .init(
            generation: generation,
            protocolType: protocolType,
            protocolName: protocolName,
            leader: leader ?? "",
            memberID: members[index].id,
            members: isLeader
                ? members.map {
                    .init(memberID: $0.id, instanceID: $0.instanceID, metadata: $0.metadata(for: protocolName))
                }
                : []
        )
    }

    /// Each member votes for the first of its strategies that all know; most votes win, ties go to the first member's
    /// order.
    private var selectedStrategy: String? {
        let lists = members.map { $0.strategies.map(\.name) }
        guard let first = lists.first else { return nil }
        let candidates = first.filter { name in lists.allSatisfy { $0.contains(name) } }
        let votes = lists.compactMap { list in list.first { candidates.contains($0) } }
        var best: (name: String, count: Int)?
        for candidate in candidates {
            let count = votes.filter { $0 == candidate }.count
            if count > (best?.count ?? -1) { best = (candidate, count) }
        }
        return best?.name
    }
}
