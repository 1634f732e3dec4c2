import Broker
import Clocks
import KafkaProtocol
import Testing

private func join(
    _ memberID: String,
    candidate: String = "",
    instance: String? = nil,
    metadata: [UInt8] = [1],
    known: Bool = false,
    strategies: [String] = ["range"],
    skips: Bool = true
) -> GroupEvent.Join {
    GroupEvent.Join(
        memberID: memberID,
        candidateID: candidate,
        instanceID: instance,
        sessionTimeoutMilliseconds: 10_000,
        rebalanceTimeoutMilliseconds: 30_000,
        protocolType: "consumer",
        strategies: strategies.map { .init(name: $0, metadata: metadata) },
        requiresKnownMemberID: known,
        supportsSkippingAssignment: skips
    )
}

extension [GroupAction] {
    fileprivate func join(_ token: RequestToken) -> GroupAction.JoinAnswer? {
        for case .answerJoin(token, let answer) in self { return answer }
        return nil
    }

    fileprivate func sync(_ token: RequestToken) -> GroupAction.SyncAnswer? {
        for case .answerSync(token, let answer) in self { return answer }
        return nil
    }
}

@Suite struct GroupStateTests {
    /// A stable group of `a` (the leader) and `b` at generation 2.
    private func stableGroup(instances: Bool = false) -> GroupState {
        var state = GroupState(id: "g", now: 0)
        _ = state.handle(.join(join("", candidate: "a", instance: instances ? "ia" : nil), token: 1), now: 0)
        _ = state.handle(.join(join("", candidate: "b", instance: instances ? "ib" : nil), token: 2), now: 0)
        _ = state.handle(.join(join("a", instance: instances ? "ia" : nil), token: 3), now: 0)
        let sync = GroupEvent.Sync(
            memberID: "a",
            instanceID: instances ? "ia" : nil,
            generation: 2,
            assignments: ["a": [10], "b": [11]]
        )
        _ = state.handle(.sync(sync, token: 4), now: 0)
        _ = state.handle(.persisted(ticket: 1, .none), now: 0)
        return state
    }

    @Test func `a member without an id gets one and must come back with it`() {
        var state = GroupState(id: "g", now: 0)
        let first = state.handle(.join(join("", candidate: "a", known: true), token: 1), now: 0)
        #expect(first.join(1)?.error == .memberIDRequired && first.join(1)?.memberID == "a")
        let second = state.handle(.join(join("a", known: true), token: 2), now: 0)
        #expect(second.join(2)?.generation == 1 && second.join(2)?.leader == "a")
    }

    @Test func `an id that never comes back lapses`() {
        var state = GroupState(id: "g", now: 0)
        _ = state.handle(.join(join("", candidate: "a", known: true), token: 1), now: 0)
        #expect(state.nextDeadline == 10_000)
        _ = state.handle(.tick, now: 10_000)
        #expect(state.nextDeadline == nil)
        let late = state.handle(.join(join("a", known: true), token: 2), now: 10_001)
        #expect(late.join(2)?.error == .unknownMemberID)
    }

    @Test func `the assignment is answered when it is persisted, to all`() {
        var state = GroupState(id: "g", now: 0)
        _ = state.handle(.join(join("", candidate: "a"), token: 1), now: 0)
        _ = state.handle(.join(join("", candidate: "b"), token: 2), now: 0)
        let both = state.handle(.join(join("a"), token: 3), now: 0)
        #expect(both.join(2)?.members.isEmpty == true && both.join(3)?.members.map(\.memberID) == ["a", "b"])
        #expect(state.handle(.sync(.init(memberID: "b", generation: 2), token: 4), now: 0).isEmpty)
        let leader = state.handle(
            .sync(.init(memberID: "a", generation: 2, assignments: ["a": [10], "b": [11]]), token: 5),
            now: 0
        )
        #expect(leader == [.persist(ticket: 1)])
        let done = state.handle(.persisted(ticket: 1, .none), now: 0)
        #expect(done.sync(4)?.assignment == [11] && done.sync(5)?.assignment == [10])
        #expect(state.phase == .stable)
    }

    @Test func `an assignment that cannot be persisted starts over`() {
        var state = GroupState(id: "g", now: 0)
        _ = state.handle(.join(join("", candidate: "a"), token: 1), now: 0)
        _ = state.handle(.sync(.init(memberID: "a", generation: 1, assignments: ["a": [1]]), token: 2), now: 0)
        let failed = state.handle(.persisted(ticket: 1, .coordinatorNotAvailable), now: 0)
        #expect(failed.sync(2)?.error == .coordinatorNotAvailable && state.phase == .preparing)
    }

    @Test func `a silent member is dropped and the others rebalance`() {
        var state = stableGroup()
        #expect(
            state.handle(.heartbeat(memberID: "a", instanceID: nil, generation: 2, token: 9), now: 9_000)
                == [.answerHeartbeat(9, .none)]
        )
        let actions = state.handle(.tick, now: 10_000)
        #expect(actions.contains(.expired(memberID: "b")) && state.phase == .preparing)
        #expect(
            state.handle(.heartbeat(memberID: "a", instanceID: nil, generation: 2, token: 9), now: 10_000)
                == [.answerHeartbeat(9, .rebalanceInProgress)]
        )
        #expect(state.handle(.join(join("a"), token: 10), now: 10_001).join(10)?.generation == 3)
    }

    @Test func `who does not join in time is out, who does goes on`() {
        var state = stableGroup()
        _ = state.handle(.join(join("a"), token: 5), now: 1_000)
        #expect(state.phase == .preparing)
        _ = state.handle(.heartbeat(memberID: "b", instanceID: nil, generation: 2, token: 6), now: 9_000)
        for now: Int64 in [18_000, 27_000] {
            _ = state.handle(.heartbeat(memberID: "b", instanceID: nil, generation: 2, token: 6), now: now)
        }
        let actions = state.handle(.tick, now: 31_000)
        #expect(actions.join(5)?.generation == 3 && state.members.map(\.id) == ["a"])
    }

    @Test func `a follower that asks again gets the same generation, the leader a new one`() {
        var state = stableGroup()
        #expect(state.handle(.join(join("b"), token: 5), now: 0).join(5)?.generation == 2)
        #expect(state.handle(.join(join("a"), token: 6), now: 0).join(6) == nil)
        #expect(state.phase == .preparing)
    }

    @Test func `a static member comes back under a new id without a rebalance, and the old one is fenced`() {
        var state = stableGroup(instances: true)
        let held = state.handle(.join(join("", candidate: "b2", instance: "ib"), token: 5), now: 0)
        // Told before it is on disk, the member would be fenced by its own new id after a power cut.
        #expect(held == [.persist(ticket: 2)])
        let actions = state.handle(.persisted(ticket: 2, .none), now: 0)
        #expect(actions.join(5)?.memberID == "b2" && actions.join(5)?.generation == 2 && state.phase == .stable)
        #expect(
            state.handle(.heartbeat(memberID: "b", instanceID: "ib", generation: 2, token: 6), now: 0)
                == [.answerHeartbeat(6, .fencedInstanceID)]
        )
        #expect(
            state.handle(.sync(.init(memberID: "b2", instanceID: "ib", generation: 2), token: 7), now: 0)
                .sync(7)?.assignment == [11]
        )
    }

    @Test func `a static leader that comes back keeps the assignment`() {
        var state = stableGroup(instances: true)
        _ = state.handle(.join(join("", candidate: "a2", instance: "ia"), token: 5), now: 0)
        let new = state.handle(.persisted(ticket: 2, .none), now: 0)
        #expect(new.join(5)?.skipAssignment == true && new.join(5)?.leader == "a2")
        _ = state.handle(.join(join("", candidate: "a3", instance: "ia", skips: false), token: 6), now: 0)
        let old = state.handle(.persisted(ticket: 3, .none), now: 0)
        #expect(old.join(6)?.leader == "a2" && old.join(6)?.memberID == "a3" && old.join(6)?.members.isEmpty == true)
    }

    @Test func `strategies that nobody shares are refused`() {
        var state = stableGroup()
        let actions = state.handle(.join(join("", candidate: "c", strategies: ["sticky"]), token: 5), now: 0)
        #expect(actions.join(5)?.error == .inconsistentGroupProtocol && state.phase == .stable)
    }

    @Test func `commits are taken from members of the generation, and from anyone while the group is empty`() {
        var state = stableGroup()
        func check(_ member: String, _ generation: Int32) -> ErrorCode {
            state.checkCommit(memberID: member, instanceID: nil, generation: generation, now: 0)
        }
        #expect(check("a", 2) == .none)
        #expect(check("a", 1) == .illegalGeneration)
        #expect(check("z", 2) == .unknownMemberID)
        #expect(check("", -1) == .unknownMemberID)
        var empty = GroupState(id: "g", now: 0)
        #expect(empty.checkCommit(memberID: "", instanceID: nil, generation: -1, now: 0) == .none)
    }

    @Test func `the last to leave makes the group empty`() {
        var state = stableGroup()
        let actions = state.handle(
            .leave([.init(memberID: "a"), .init(memberID: "b"), .init(memberID: "z")], token: 5),
            now: 7
        )
        #expect(actions.first == .answerLeave(5, [.none, .none, .unknownMemberID]))
        #expect(state.phase == .empty && actions.contains(.persist(ticket: 2)))
    }
}
