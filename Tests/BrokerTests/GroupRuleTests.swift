import Broker
import KafkaProtocol
import Testing

/// Single rules of the classic group that clients have stumbled over elsewhere.
@Suite struct GroupRuleTests {
    private func join(
        _ memberID: String,
        candidate: String = "",
        instance: String? = nil,
        metadata: [UInt8] = [],
        strategies: [String] = ["range"],
        session: Int64 = 10_000,
        rebalance: Int64 = 30_000,
        known: Bool = false
    ) -> GroupEvent.Join {
        GroupEvent.Join(
            memberID: memberID,
            candidateID: candidate,
            instanceID: instance,
            sessionTimeoutMilliseconds: session,
            rebalanceTimeoutMilliseconds: rebalance,
            protocolType: "consumer",
            strategies: strategies.map { .init(name: $0, metadata: metadata) },
            requiresKnownMemberID: known,
            supportsSkippingAssignment: true
        )
    }

    /// The consumer protocol's subscription to these topics, with bytes behind them that differ between joins.
    private func subscription(_ topics: [String], rest: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0, 1, 0, 0, 0, UInt8(topics.count)]
        for topic in topics { bytes += [0, UInt8(topic.utf8.count)] + Array(topic.utf8) }
        return bytes + rest
    }

    private func stable(instance: String? = nil, metadata: [UInt8] = [], generation: Int32 = 0) -> GroupState {
        var state = GroupState(id: "g", now: 0)
        if generation > 0 {
            state.restore(
                generation: generation,
                protocolType: nil,
                protocolName: nil,
                leader: nil,
                members: [],
                now: 0
            )
        }
        _ = state.handle(.join(join("", candidate: "a", instance: instance, metadata: metadata), token: 1), now: 0)
        let sync = GroupEvent.Sync(
            memberID: "a",
            instanceID: instance,
            generation: state.generation,
            assignments: ["a": [7]]
        )
        _ = state.handle(.sync(sync, token: 2), now: 0)
        _ = state.handle(.persisted(ticket: 1, .none), now: 0)
        return state
    }

    @Test func `a static cooperative member that owns nothing yet keeps its place, one with other topics does not`() {
        let before = subscription(["t"], rest: [1, 2, 3])
        var same = stable(instance: "i", metadata: before)
        let changed = join("", candidate: "a2", instance: "i", metadata: subscription(["t"], rest: []))
        _ = same.handle(.join(changed, token: 3), now: 1)
        #expect(same.phase == .stable && same.generation == 1)
        var other = stable(instance: "i", metadata: before)
        let others = join("", candidate: "a2", instance: "i", metadata: subscription(["t", "u"], rest: []))
        let ordered = other.handle(.join(others, token: 3), now: 1)
        #expect(other.generation == 2)
        #expect(ordered == [.persistID(ticket: 2, instanceID: "i", memberID: "a2")])
        guard case .answerJoin(3, let answer) = other.handle(.persisted(ticket: 2, .none), now: 1).first else {
            Issue.record("no answer")
            return
        }
        #expect(answer.generation == 2 && answer.memberID == "a2")
    }

    @Test func `a commit is taken while joins are collected and told of the rebalance afterwards`() {
        var state = stable()
        func commit(_ generation: Int32, transactional: Bool = false) -> ErrorCode {
            state.checkCommit(
                memberID: "a",
                instanceID: nil,
                generation: generation,
                isTransactional: transactional,
                now: 5
            )
        }
        _ = state.handle(.join(join("", candidate: "b"), token: 3), now: 1)
        #expect(state.phase == .preparing && commit(1) == .none)
        _ = state.handle(.join(join("a"), token: 4), now: 2)
        #expect(state.phase == .completing && commit(1) == .illegalGeneration)
        #expect(commit(2) == .rebalanceInProgress && commit(2, transactional: true) == .none)
    }

    @Test func `an old commit without a generation is taken by an empty group whoever sends it`() {
        var state = GroupState(id: "g", now: 0)
        #expect(state.checkCommit(memberID: "x", instanceID: nil, generation: -1, now: 0) == .none)
        state = stable()
        #expect(state.checkCommit(memberID: "x", instanceID: nil, generation: -1, now: 0) == .unknownMemberID)
        #expect(state.checkCommit(memberID: "", instanceID: nil, generation: -1, now: 0) == .unknownMemberID)
    }

    @Test func `after the largest generation comes the first`() {
        let state = stable(generation: Int32.max)
        #expect(state.phase == .stable && state.generation == 1)
    }

    @Test func `who joins for the first time and falls silent is dropped though the others wait long`() {
        var state = stable()
        let patient = join("", candidate: "b", session: 10_000, rebalance: 3_600_000)
        _ = state.handle(.join(patient, token: 3), now: 0)
        #expect(state.phase == .preparing)
        for now in stride(from: Int64(5_000), through: 295_000, by: 5_000) {
            let beat = GroupEvent.heartbeat(memberID: "a", instanceID: nil, generation: 1, token: 9)
            #expect(state.handle(beat, now: now) == [.answerHeartbeat(9, .rebalanceInProgress)])
            _ = state.handle(.tick, now: now)
        }
        let actions = state.handle(.tick, now: 300_000)
        #expect(actions.contains(.expired(memberID: "b")) && state.members.map(\.id) == ["a"])
    }

    @Test func `who never asks for its assignment is dropped even from a stable group`() {
        var state = stable()
        _ = state.handle(.join(join("", candidate: "b"), token: 3), now: 0)
        _ = state.handle(.join(join("a"), token: 4), now: 0)
        let sync = GroupEvent.Sync(memberID: "a", generation: 2, assignments: ["a": [1], "b": [2]])
        _ = state.handle(.sync(sync, token: 5), now: 0)
        _ = state.handle(.persisted(ticket: 2, .none), now: 0)
        #expect(state.phase == .stable && state.nextDeadline == 10_000)
        for now: Int64 in [9_000, 18_000, 27_000] {
            for id in ["a", "b"] {
                _ = state.handle(.heartbeat(memberID: id, instanceID: nil, generation: 2, token: 9), now: now)
            }
        }
        let actions = state.handle(.tick, now: 30_000)
        #expect(actions.contains(.expired(memberID: "b")) && state.phase == .preparing)
    }

    @Test func `a member's metadata has a bound for all of a group together`() {
        var state = GroupState(id: "g", now: 0)
        let large = [UInt8](repeating: 0, count: GroupState.metadataBytesMax / 2)
        func answer(_ id: String, _ token: RequestToken) -> ErrorCode? {
            for case .answerJoin(token, let answer) in state.handle(
                .join(join("", candidate: id, metadata: large), token: token),
                now: 0
            ) {
                return answer.error
            }
            return nil
        }
        #expect(answer("a", 1) == ErrorCode.none)
        #expect(answer("b", 2) == .groupMaxSizeReached)
        #expect(state.members.map(\.id) == ["a"])
    }

    @Test func `a static member that comes back with another protocol is refused and changes nothing`() {
        var state = stable(instance: "i")
        let before = state
        var other = join("", candidate: "a2", instance: "i")
        other.protocolType = "connect"
        for request in [other, join("", candidate: "a2", instance: "i", strategies: ["sticky"])] {
            guard case .answerJoin(3, let answer) = state.handle(.join(request, token: 3), now: 1).first else {
                Issue.record("no answer")
                return
            }
            #expect(answer.error == .inconsistentGroupProtocol && state == before)
        }
    }

    @Test func `a full group refuses the next member and keeps the ones it has`() {
        var state = GroupState(id: "g", sizeMax: 1, now: 0)
        _ = state.handle(.join(join("", candidate: "a", known: true), token: 1), now: 0)
        let refused = state.handle(.join(join("", candidate: "b", known: true), token: 2), now: 0)
        guard case .answerJoin(2, let answer) = refused.first else {
            Issue.record("no answer")
            return
        }
        #expect(answer.error == .groupMaxSizeReached && refused.count == 1)
        _ = state.handle(.join(join("a"), token: 3), now: 0)
        #expect(state.members.map(\.id) == ["a"])
    }
}
