import Clocks
import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// Coordinates the consumer groups, all of them, on a loop of its own: no lock, no member of a group races another.
///
/// Decisions are `GroupState`'s; this gives it events and time, carries out its actions and keeps the offsets. What is
/// committed is applied in memory when it is appended and answered when it is on disk; a reader of offsets waits for
/// that too, so nobody hears of a commit that could still vanish.
final class GroupCoordinator: @unchecked Sendable {
    // Sendable holds: after `load`, which runs before anyone else has the object, everything is used on `loop` alone.

    /// Names in records have a length of 16 bits; ids of members are made from names.
    static let nameBytesMax = 32_000

    let loop: EventLoop
    let settings: BrokerSettings
    let clock: Clock
    let logger: Logger
    let catalogue: TopicCatalogue
    let configs: ConfigStore
    let store: GroupStore
    private(set) var groups: [String: Group] = [:]
    /// What transactions that are not decided yet have committed.
    var pending = PendingOffsets()
    private var nextToken: RequestToken = 1
    private var joins: [RequestToken: @Sendable (GroupAction.JoinAnswer) -> Void] = [:]
    private var syncs: [RequestToken: @Sendable (GroupAction.SyncAnswer) -> Void] = [:]
    private var heartbeats: [RequestToken: @Sendable (ErrorCode) -> Void] = [:]
    private var leaves: [RequestToken: @Sendable ([ErrorCode]) -> Void] = [:]

    init(
        loop: EventLoop,
        settings: BrokerSettings,
        clock: Clock,
        logger: Logger,
        catalogue: TopicCatalogue,
        configs: ConfigStore,
        store: GroupStore
    ) {
        self.loop = loop
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.catalogue = catalogue
        self.configs = configs
        self.store = store
    }

    /// Runs `body` on the coordinator's loop.
    func run(_ body: @escaping @Sendable (GroupCoordinator) -> Void) { loop.post { body(self) } }

    /// Reads what was written before the start; call it once, before `start`.
    func load() throws(LogError) {
        let (now, wall) = (clock.monotonicMilliseconds, clock.wallMilliseconds)
        var snapshots: [String: GroupSnapshot] = [:]
        try store.load { stored, item in
            guard let record = settle(item, in: stored) else { return }
            switch record {
            case .offset(let group, let partition, let offset):
                if offset == nil { pending.forget(group: group, partition) }
                if offset == nil, groups[group] == nil { return }
                self.group(group, emptySince: Int64.min / 2).offsets[partition] = offset
            case .group(let name, let snapshot):
                snapshots[name] = snapshot
                if snapshot != nil { _ = group(name, emptySince: now) }
            case .consumer(let name, .groupGone):
                groups[name]?.consumer = nil
            case .consumer(let name, let record):
                let group = group(name, emptySince: now)
                // The tail of a group's end, or of a file that begins in its middle, makes no group.
                if group.consumer == nil, !record.makesGroup { return }
                group.consumer = group.consumer ?? ConsumerGroupState(id: name, limits: consumerLimits(of: name))
                group.consumer?.apply(record)
            }
        }
        for (name, snapshot) in snapshots {
            let group = group(name, emptySince: now)
            group.written = snapshot
            group.state.restore(
                generation: snapshot.generation,
                protocolType: snapshot.protocolType,
                protocolName: snapshot.protocolName,
                leader: snapshot.leader,
                members: snapshot.members,
                now: now
            )
            if snapshot.members.isEmpty { group.emptySince = min(wall, snapshot.stateMilliseconds) }
        }
        for (name, group) in groups {
            group.consumer?.restartDeadlines(now: now)
            if group.consumer?.members.isEmpty == true { group.emptySince = wall }
            if group.written == nil, group.consumer == nil, group.offsets.isEmpty { groups[name] = nil }
        }
    }

    /// Begins to watch sessions and to expire offsets.
    func start() {
        run { coordinator in
            coordinator.forgetMissingTopics()
            for group in coordinator.groups.values { coordinator.schedule(group) }
            coordinator.expireLater()
        }
    }

    // MARK: Membership

    func join(
        _ groupID: String,
        _ join: GroupEvent.Join,
        _ answer: @escaping @Sendable (GroupAction.JoinAnswer) -> Void
    ) {
        let range = settings.integer("group.min.session.timeout.ms")...settings.integer("group.max.session.timeout.ms")
        if groupID.isEmpty { return answer(.init(error: .invalidGroupID, memberID: join.memberID)) }
        guard range.contains(join.sessionTimeoutMilliseconds) else {
            return answer(.init(error: .invalidSessionTimeout, memberID: join.memberID))
        }
        guard groups[groupID] != nil || join.memberID.isEmpty else {
            return answer(.init(error: .unknownMemberID, memberID: join.memberID))
        }
        guard groups[groupID] != nil || mayAddGroup(groupID) else {
            return answer(.init(error: .groupMaxSizeReached, memberID: join.memberID))
        }
        let group = group(groupID, emptySince: loop.nowMilliseconds)
        guard makeClassic(group) else {
            return answer(.init(error: .inconsistentGroupProtocol, memberID: join.memberID))
        }
        let token = token()
        joins[token] = answer
        handle(.join(join, token: token), group)
    }

    func sync(
        _ groupID: String,
        _ sync: GroupEvent.Sync,
        _ answer: @escaping @Sendable (GroupAction.SyncAnswer) -> Void
    ) {
        guard let group = groups[groupID] else { return answer(.init(error: .unknownMemberID)) }
        let token = token()
        syncs[token] = answer
        handle(.sync(sync, token: token), group)
    }

    func heartbeat(
        _ groupID: String,
        memberID: String,
        instanceID: String?,
        generation: Int32,
        _ answer: @escaping @Sendable (ErrorCode) -> Void
    ) {
        guard let group = groups[groupID] else { return answer(.unknownMemberID) }
        let token = token()
        heartbeats[token] = answer
        handle(.heartbeat(memberID: memberID, instanceID: instanceID, generation: generation, token: token), group)
    }

    func leave(_ groupID: String, _ leavers: [GroupEvent.Leaver], _ answer: @escaping @Sendable ([ErrorCode]) -> Void) {
        guard let group = groups[groupID] else { return answer(leavers.map { _ in .unknownMemberID }) }
        let token = token()
        leaves[token] = answer
        handle(.leave(leavers, token: token), group)
    }

    // MARK: Groups

    /// The group of that name, made when there is none.
    func group(_ id: String, emptySince: Int64) -> Group {
        if let group = groups[id] { return group }
        let group = Group(state: classicState(id, emptySince: emptySince))
        groups[id] = group
        return group
    }

    func classicState(_ id: String, emptySince: Int64) -> GroupState {
        GroupState(
            id: id,
            sizeMax: settings.int("group.max.size"),
            initialDelayMilliseconds: settings.integer("group.initial.rebalance.delay.ms"),
            now: emptySince
        )
    }

    /// Whether there is room for one more group of this name.
    func mayAddGroup(_ id: String) -> Bool {
        groups.count < settings.int("groups.max") && id.utf8.count <= Self.nameBytesMax
    }

    /// The topic as the consumer protocol sees it.
    func topic(_ name: String) -> ConsumerGroupState.Topic? {
        catalogue.topic(name).map { .init(id: $0.id, partitionCount: Int32(clamping: $0.partitions.count)) }
    }

    func forget(_ id: String) {
        guard let group = groups.removeValue(forKey: id) else { return }
        if let timer = group.timer { loop.cancel(timer) }
    }

    private func token() -> RequestToken {
        nextToken += 1
        return nextToken
    }

    private func handle(_ event: GroupEvent, _ group: Group) {
        let before = group.state.phase
        let wasEmpty = group.isEmpty
        let actions = group.state.handle(event, now: loop.nowMilliseconds)
        group.noteEmptiness(wasEmpty: wasEmpty, now: clock.wallMilliseconds)
        for action in actions { perform(action, group) }
        if group.state.phase != before {
            logger.debug(
                "group changed",
                [
                    "group": .value(group.state.id), "phase": .value(group.state.phase.rawValue),
                    "generation": .value(group.state.generation), "members": .value(group.state.members.count),
                ]
            )
        }
        schedule(group)
    }

    private func perform(_ action: GroupAction, _ group: Group) {
        switch action {
        case .answerJoin(let token, let answer): joins.removeValue(forKey: token)?(answer)
        case .answerSync(let token, let answer): syncs.removeValue(forKey: token)?(answer)
        case .answerHeartbeat(let token, let error): heartbeats.removeValue(forKey: token)?(error)
        case .answerLeave(let token, let errors): leaves.removeValue(forKey: token)?(errors)
        case .expired(let memberID):
            logger.info("member expired", ["group": .value(group.state.id), "member": .value(memberID)])
        case .persist(let ticket):
            write(GroupSnapshot(group.state, now: clock.wallMilliseconds), ticket, group)
        case .persistID(let ticket, let instanceID, let memberID):
            write(group.written?.renaming(instanceID, to: memberID), ticket, group)
        }
    }

    private func write(_ snapshot: GroupSnapshot?, _ ticket: UInt64, _ group: Group) {
        group.written = snapshot
        let id = group.state.id
        store.append(group: id, [.group(id, snapshot)]) { [self] error in
            guard let group = groups[id] else { return }
            handle(.persisted(ticket: ticket, error), group)
        }
    }

    func schedule(_ group: Group) {
        let deadline = group.nextDeadline
        guard deadline != group.timerDeadline || group.timer == nil else { return }
        if let timer = group.timer { loop.cancel(timer) }
        group.timer = nil
        group.timerDeadline = deadline
        guard let deadline else { return }
        let id = group.state.id
        group.timer = loop.schedule(afterMilliseconds: deadline - loop.nowMilliseconds) { [self] in
            guard let group = groups[id] else { return }
            group.timer = nil
            group.timerDeadline = nil
            guard group.consumer != nil else { return handle(.tick, group) }
            consumerTick(group)
            schedule(group)
        }
    }

    // MARK: Keeping

    private func expireLater() {
        _ = loop.schedule(afterMilliseconds: settings.integer("offsets.retention.check.interval.ms")) { [self] in
            expireOffsets()
            expireLater()
        }
    }

    /// Forgets offsets that have lapsed, and groups of which nothing is left.
    private func expireOffsets() {
        let retention = settings.integer("offsets.retention.minutes") * 60_000
        for (id, group) in groups {
            let unstable = pending.partitions(group: id)
            let old = OffsetExpiry.lapsed(
                group.offsets.filter { !unstable.contains($0.key) },
                group.holder,
                retentionMilliseconds: retention,
                now: clock.wallMilliseconds
            )
            for partition in old { group.offsets[partition] = nil }
            var records = old.map { GroupRecord.offset(group: id, $0, nil) }
            if group.isVacant, unstable.isEmpty {
                records += group.endRecords
                forget(id)
            }
            if !records.isEmpty { store.append(group: id, records) { _ in } }
            if !old.isEmpty { logger.info("offsets expired", ["group": .value(id), "count": .value(old.count)]) }
        }
    }
}
