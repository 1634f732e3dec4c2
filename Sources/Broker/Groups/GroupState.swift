package import KafkaProtocol

/// A classic consumer group as a value: events and the time go in, actions come out.
///
/// Follows the state machine of Apache Kafka's group coordinator: a group is `empty`, then collects joins (`preparing`),
/// then waits for the leader's assignment (`completing`), then is `stable`. Nothing here does I/O or looks at a clock, so
/// a test can play any interleaving.
package struct GroupState: Sendable, Equatable {
    package enum Phase: String, Sendable {
        case empty = "Empty"
        case preparing = "PreparingRebalance"
        case completing = "CompletingRebalance"
        case stable = "Stable"
    }

    /// Waiting for the first generation in vain must end some time: a member that never got one is dropped.
    static let newMemberJoinMilliseconds: Int64 = 300_000

    package let id: String
    package internal(set) var phase = Phase.empty
    package internal(set) var generation: Int32 = 0
    package internal(set) var protocolType: String?
    package internal(set) var protocolName: String?
    package internal(set) var leader: String?
    /// By id; the order of joining is the order in the answers.
    package internal(set) var members: [GroupMember] = []
    /// Ids that were given out and have not come back yet, with the time they lapse.
    var pendingMembers: [String: Int64] = [:]
    /// The end of collecting joins, or of waiting for syncs.
    var phaseDeadline: Int64?
    /// Joins are not complete before this: more members may come (`group.initial.rebalance.delay.ms`).
    var initialDeadline: Int64?
    /// The leader has assigned and the metadata is on its way to the disk, with this ticket.
    var assignmentTicket: UInt64?
    /// Static members that came back: they hear so when the disk knows their new id.
    ///
    /// Were they told before and the power went, the next broker would fence them.
    var heldAnswers: [HeldAnswer] = []
    /// The member ids of instances in what was written last.
    private var writtenIDs: [String: String] = [:]
    private var lastTicket: UInt64 = 0
    private var endedTicket: UInt64 = 0
    /// The last write failed: nobody knows what the disk says.
    private var isDiskUnsure = false
    let sizeMax: Int
    let initialDelayMilliseconds: Int64

    struct HeldAnswer: Sendable, Equatable {
        let ticket: UInt64
        let token: RequestToken
        let answer: GroupAction.JoinAnswer
    }

    /// What the metadata of all members may take; a group is one record on the disk.
    package static let metadataBytesMax = 32 << 20

    package init(id: String, sizeMax: Int = 10_000, initialDelayMilliseconds: Int64 = 0, now: Int64) {
        self.id = id
        self.sizeMax = sizeMax
        self.initialDelayMilliseconds = initialDelayMilliseconds
    }

    /// Takes over what was written before a restart: members get a whole session to come back.
    package mutating func restore(
        generation: Int32,
        protocolType: String?,
        protocolName: String?,
        leader: String?,
        members: [GroupMember],
        now: Int64
    ) {
        self.generation = generation
        self.protocolType = protocolType
        self.protocolName = protocolName
        self.leader = leader
        self.members = members
        phase = members.isEmpty ? .empty : .stable
        noteWrittenIDs()
        for index in self.members.indices {
            self.members[index].sessionDeadline = now + self.members[index].sessionTimeoutMilliseconds
        }
    }

    /// When `tick` is wanted next, nil when nothing is pending.
    package var nextDeadline: Int64? {
        var deadlines = Array(pendingMembers.values)
        if let phaseDeadline { deadlines.append(phaseDeadline) }
        if let initialDeadline { deadlines.append(initialDeadline) }
        for member in members where !member.isWaiting || member.isNew { deadlines.append(member.sessionDeadline) }
        return deadlines.min()
    }

    package mutating func handle(_ event: GroupEvent, now: Int64) -> [GroupAction] {
        var actions: [GroupAction] = []
        switch event {
        case .join(let join, let token): handleJoin(join, token, now, &actions)
        case .sync(let sync, let token): handleSync(sync, token, now, &actions)
        case .heartbeat(let memberID, let instanceID, let generation, let token):
            let error = handleHeartbeat(memberID, instanceID, generation, now)
            actions.append(.answerHeartbeat(token, error))
        case .leave(let leavers, let token):
            let codes = leavers.map { remove($0, now, &actions) }
            actions.insert(.answerLeave(token, codes), at: 0)
        case .persisted(let ticket, let error): handlePersisted(ticket, error, now, &actions)
        case .tick: handleTick(now, &actions)
        }
        return actions
    }

    package func member(_ id: String) -> GroupMember? { members.first { $0.id == id } }

    func index(_ id: String) -> Int? { members.firstIndex { $0.id == id } }

    func staticIndex(_ instanceID: String) -> Int? { members.firstIndex { $0.instanceID == instanceID } }

    /// What is wrong with a request that claims to come from a member.
    func problem(_ memberID: String, _ instanceID: String?) -> ErrorCode? {
        if let instanceID {
            guard let index = staticIndex(instanceID) else { return .unknownMemberID }
            return members[index].id == memberID ? nil : .fencedInstanceID
        }
        return index(memberID) == nil ? .unknownMemberID : nil
    }

    /// Whether a commit of this member and generation is taken; a silent member is alive again by it.
    ///
    /// While joins are collected the generation still holds and so do its commits: members that revoke want to commit
    /// before they join again. Once the next generation has begun a plain commit is told of the rebalance; one of a
    /// transaction is not, because its producer could not tell that from a failure.
    package mutating func checkCommit(
        memberID: String,
        instanceID: String?,
        generation: Int32,
        isTransactional: Bool = false,
        now: Int64
    ) -> ErrorCode {
        if generation < 0, phase == .empty { return .none }
        if generation < 0, memberID.isEmpty, instanceID == nil {
            // A producer that says nothing of its member is one from before KIP-447.
            if isTransactional { return .none }
            // A consumer that assigns partitions itself may commit only where no group lives.
            return .unknownMemberID
        }
        if let problem = problem(memberID, instanceID) { return problem }
        guard generation == self.generation else { return .illegalGeneration }
        guard phase != .completing || isTransactional else { return .rebalanceInProgress }
        touch(memberID, now)
        return .none
    }

    mutating func persist(_ actions: inout [GroupAction]) -> UInt64 {
        lastTicket += 1
        actions.append(.persist(ticket: lastTicket))
        noteWrittenIDs()
        return lastTicket
    }

    /// Makes the disk take the new id of a static member before the member hears of it, if it may have another there.
    mutating func persistID(_ index: Int, _ actions: inout [GroupAction]) {
        let id = members[index].id
        guard let instanceID = members[index].instanceID else { return }
        guard isDiskUnsure || writtenIDs[instanceID] ?? id != id else {
            // What is on its way replaces what the disk says now.
            if endedTicket < lastTicket { members[index].idTicket = lastTicket }
            return
        }
        lastTicket += 1
        members[index].idTicket = lastTicket
        writtenIDs[instanceID] = id
        actions.append(.persistID(ticket: lastTicket, instanceID: instanceID, memberID: id))
    }

    mutating func persistEnded(_ ticket: UInt64, _ error: ErrorCode) {
        endedTicket = max(endedTicket, ticket)
        isDiskUnsure = error != .none
    }

    private mutating func noteWrittenIDs() {
        writtenIDs = [:]
        for member in members { if let instanceID = member.instanceID { writtenIDs[instanceID] = member.id } }
    }

    /// A whole rebalance takes as long as the most patient member allows.
    var rebalanceTimeout: Int64 { members.map(\.rebalanceTimeoutMilliseconds).max() ?? 0 }

    mutating func touch(_ memberID: String, _ now: Int64) {
        guard let index = index(memberID) else { return }
        members[index].sessionDeadline = now + members[index].sessionTimeoutMilliseconds
    }
}
