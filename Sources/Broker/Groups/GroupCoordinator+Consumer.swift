import Clocks
import CommitLog
import EventLoop
import KafkaProtocol
import Telemetry

/// Groups of the consumer protocol (KIP-848): the broker assigns, and each heartbeat is a step towards it.
extension GroupCoordinator {
    /// Takes a heartbeat; answered when what it changed is on disk.
    func consumerHeartbeat(
        _ groupID: String,
        _ beat: ConsumerGroupState.Heartbeat,
        _ answer: @escaping @Sendable (ConsumerGroupState.Answer) -> Void
    ) {
        guard !groupID.isEmpty else { return answer(.refusal(.invalidRequest, "GroupId can't be empty.")) }
        let known = groups[groupID]
        guard known?.consumer != nil || beat.epoch == 0 else {
            let kind = beat.epoch < 0 ? "Group" : "Consumer group"
            return answer(.refusal(.groupIDNotFound, "\(kind) \(groupID) not found."))
        }
        if let known, known.consumer == nil, !known.isEmpty {
            return answer(.refusal(.groupIDNotFound, "Group \(groupID) is not a consumer group."))
        }
        guard known != nil || mayAddGroup(groupID) else {
            return answer(.refusal(.groupMaxSizeReached, "This broker has as many groups as groups.max allows."))
        }
        var state = known?.consumer ?? ConsumerGroupState(id: groupID, limits: consumerLimits(of: groupID))
        state.limits = consumerLimits(of: groupID)
        var topics: [String: ConsumerGroupState.Topic] = [:]
        for name in state.subscribedTopics.union(beat.topics ?? []) { topics[name] = topic(name) }
        let step = state.heartbeat(beat, topics: topics, now: loop.nowMilliseconds)
        guard step.answer.error == .none else { return answer(step.answer) }
        let group = group(groupID, emptySince: loop.nowMilliseconds)
        var records: [GroupRecord] = []
        if group.consumer == nil {
            records = group.endRecords
            group.written = nil
            group.state = classicState(groupID, emptySince: loop.nowMilliseconds)
        }
        let (phase, wasEmpty) = (group.consumer?.phase, group.isEmpty)
        group.consumer = state
        group.noteEmptiness(wasEmpty: wasEmpty, now: clock.wallMilliseconds)
        if state.phase != phase { note(state) }
        schedule(group)
        records += step.records.map { .consumer(group: groupID, $0) }
        // What is answered must be true after a crash, also what an earlier heartbeat changed.
        guard !records.isEmpty else { return store.afterPendingWrites(group: groupID) { answer(step.answer) } }
        store.append(group: groupID, records) { error in
            answer(error == .none ? step.answer : .refusal(error, "The group could not be written."))
        }
    }

    /// Lets sessions and revocations of a group end.
    func consumerTick(_ group: Group) {
        guard var state = group.consumer else { return }
        let (gone, records) = state.tick(now: loop.nowMilliseconds)
        guard !gone.isEmpty else { return }
        for id in gone { logger.info("member expired", ["group": .value(state.id), "member": .value(id)]) }
        group.consumer = state
        group.noteEmptiness(wasEmpty: false, now: clock.wallMilliseconds)
        note(state)
        store.append(group: state.id, records.map { .consumer(group: state.id, $0) }) { _ in }
    }

    /// Makes a consumer group that nobody is in a classic one, for a member of that kind.
    ///
    /// - Returns: Whether the group is classic now.
    func makeClassic(_ group: Group) -> Bool {
        guard group.consumer != nil else { return true }
        guard group.isEmpty else { return false }
        let records = group.endRecords
        group.consumer = nil
        store.append(group: group.state.id, records) { _ in }
        return true
    }

    /// The settings for groups, with what was set on this one.
    func consumerLimits(of group: String) -> ConsumerGroupState.Limits {
        let own = configs.group(group)
        func integer(_ key: String) -> Int64 {
            own[key].flatMap { Int64($0) } ?? settings.integer("group.\(key)")
        }
        return ConsumerGroupState.Limits(
            membersMax: settings.int("group.consumer.max.size"),
            sessionTimeoutMilliseconds: integer("consumer.session.timeout.ms"),
            heartbeatIntervalMilliseconds: Int32(clamping: integer("consumer.heartbeat.interval.ms")),
            assignors: SettingDefinition.items(settings.text("group.consumer.assignors")).compactMap {
                GroupAssignor(rawValue: $0)
            }
        )
    }

    private func note(_ state: ConsumerGroupState) {
        logger.debug(
            "group changed",
            [
                "group": .value(state.id), "phase": .value(state.phase.rawValue), "epoch": .value(state.epoch),
                "members": .value(state.members.count),
            ]
        )
    }
}
