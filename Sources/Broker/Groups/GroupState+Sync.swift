import KafkaProtocol

/// Assignments, heartbeats, leaving and time.
extension GroupState {
    mutating func handleSync(
        _ sync: GroupEvent.Sync,
        _ token: RequestToken,
        _ now: Int64,
        _ actions: inout [GroupAction]
    ) {
        func refuse(_ error: ErrorCode) { actions.append(.answerSync(token, .init(error: error))) }
        if let problem = problem(sync.memberID, sync.instanceID) { return refuse(problem) }
        guard sync.generation == generation else { return refuse(.illegalGeneration) }
        if let type = sync.protocolType, type != protocolType { return refuse(.inconsistentGroupProtocol) }
        if let name = sync.protocolName, name != protocolName { return refuse(.inconsistentGroupProtocol) }
        guard let index = index(sync.memberID) else { return refuse(.unknownMemberID) }
        switch phase {
        case .empty: refuse(.unknownMemberID)
        case .preparing: refuse(.rebalanceInProgress)
        case .stable:
            touch(sync.memberID, now)
            synced(index)
            actions.append(.answerSync(token, syncAnswer(for: index)))
        case .completing:
            if let earlier = members[index].syncWaiting {
                actions.append(.answerSync(earlier, .init(error: .rebalanceInProgress)))
            }
            members[index].syncWaiting = token
            synced(index)
            guard sync.memberID == leader, assignmentTicket == nil else { return }
            for index in members.indices { members[index].assignment = sync.assignments[members[index].id] ?? [] }
            assignmentTicket = persist(&actions)
        }
    }

    private mutating func synced(_ index: Int) {
        members[index].owesSync = false
        if phase == .stable, !members.contains(where: \.owesSync) { phaseDeadline = nil }
    }

    /// The assignment holds once it is on disk: after a restart the members go on with it.
    mutating func handlePersisted(
        _ ticket: UInt64,
        _ error: ErrorCode,
        _ now: Int64,
        _ actions: inout [GroupAction]
    ) {
        persistEnded(ticket, error)
        for held in heldAnswers where held.ticket == ticket {
            let failure = GroupAction.JoinAnswer(error: error, memberID: held.answer.memberID)
            actions.append(.answerJoin(held.token, error == .none ? held.answer : failure))
        }
        heldAnswers.removeAll { $0.ticket == ticket }
        for index in members.indices where members[index].idTicket == ticket {
            members[index].idTicket = nil
            guard error != .none, let token = members[index].joinWaiting else { continue }
            members[index].joinWaiting = nil
            actions.append(.answerJoin(token, .init(error: error)))
        }
        guard phase == .completing, assignmentTicket == ticket else { return }
        assignmentTicket = nil
        guard error == .none else {
            for index in members.indices { members[index].assignment = [] }
            answerWaitingSyncs(error, &actions)
            return prepareRebalance(now, &actions)
        }
        phase = .stable
        // Who has not asked yet has the rest of the time for it.
        if !members.contains(where: \.owesSync) { phaseDeadline = nil }
        for index in members.indices {
            members[index].sessionDeadline = now + members[index].sessionTimeoutMilliseconds
            guard let token = members[index].syncWaiting else { continue }
            members[index].syncWaiting = nil
            actions.append(.answerSync(token, syncAnswer(for: index)))
        }
    }

    mutating func handleHeartbeat(
        _ memberID: String,
        _ instanceID: String?,
        _ generation: Int32,
        _ now: Int64
    ) -> ErrorCode {
        if phase == .empty { return .unknownMemberID }
        if let problem = problem(memberID, instanceID) { return problem }
        guard generation == self.generation else { return .illegalGeneration }
        touch(memberID, now)
        return phase == .preparing ? .rebalanceInProgress : .none
    }

    mutating func remove(_ leaver: GroupEvent.Leaver, _ now: Int64, _ actions: inout [GroupAction]) -> ErrorCode {
        if leaver.instanceID == nil, pendingMembers.removeValue(forKey: leaver.memberID) != nil {
            completeJoinIfAll(now, &actions)
            return .none
        }
        var memberID = leaver.memberID
        if let instanceID = leaver.instanceID, memberID.isEmpty {
            // An administrator removes a static member by its name.
            guard let index = staticIndex(instanceID) else { return .unknownMemberID }
            memberID = members[index].id
        }
        if let problem = problem(memberID, leaver.instanceID) { return problem }
        guard let index = index(memberID) else { return .unknownMemberID }
        drop(index, now, &actions)
        return .none
    }

    mutating func handleTick(_ now: Int64, _ actions: inout [GroupAction]) {
        for (id, deadline) in pendingMembers where deadline <= now { pendingMembers[id] = nil }
        for member in members.filter({ (!$0.isWaiting || $0.isNew) && $0.sessionDeadline <= now }) {
            guard let index = index(member.id) else { continue }
            actions.append(.expired(memberID: member.id))
            drop(index, now, &actions)
        }
        if let deadline = initialDeadline, deadline <= now { initialDeadline = nil }
        if let deadline = phaseDeadline, deadline <= now {
            switch phase {
            case .preparing: completeJoin(now, &actions)
            case .completing where assignmentTicket == nil, .stable: dropUnsynced(now, &actions)
            default: phaseDeadline = nil
            }
        }
        completeJoinIfAll(now, &actions)
    }

    /// Members that joined and never asked for their assignment hold up the others.
    private mutating func dropUnsynced(_ now: Int64, _ actions: inout [GroupAction]) {
        for member in members where member.owesSync { actions.append(.expired(memberID: member.id)) }
        members.removeAll { $0.owesSync }
        if let leader, index(leader) == nil { self.leader = members.first?.id }
        phaseDeadline = nil
        answerWaitingSyncs(.rebalanceInProgress, &actions)
        if members.isEmpty { becomeEmpty(now, &actions) } else { prepareRebalance(now, &actions) }
    }

    private mutating func drop(_ index: Int, _ now: Int64, _ actions: inout [GroupAction]) {
        let gone = members.remove(at: index)
        if let token = gone.joinWaiting {
            actions.append(.answerJoin(token, .init(error: .unknownMemberID, memberID: gone.id)))
        }
        if let token = gone.syncWaiting { actions.append(.answerSync(token, .init(error: .unknownMemberID))) }
        if leader == gone.id { leader = (members.first { $0.joinWaiting != nil } ?? members.first)?.id }
        switch phase {
        case .stable, .completing: prepareRebalance(now, &actions)
        case .preparing: completeJoinIfAll(now, &actions)
        case .empty: break
        }
    }

    mutating func answerWaitingSyncs(_ error: ErrorCode, _ actions: inout [GroupAction]) {
        for index in members.indices {
            guard let token = members[index].syncWaiting else { continue }
            members[index].syncWaiting = nil
            actions.append(.answerSync(token, .init(error: error)))
        }
    }

    private func syncAnswer(for index: Int) -> GroupAction.SyncAnswer {
        .init(protocolType: protocolType, protocolName: protocolName, assignment: members[index].assignment)
    }
}
