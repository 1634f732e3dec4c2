import Broker
import Bytes
import Clocks
import KafkaProtocol
import Testing

/// Static and dynamic members that join, die, come back, commit and rebalance in two phases as cooperative clients do,
/// with a broker that forgets what was not on disk; all in an order that the seed decides.
private struct Storm {
    private enum Step { case idle, joining(RequestToken), joined, syncing(RequestToken), member, dead }

    private struct Client {
        let instance: String?
        var id = ""
        var step = Step.idle
        var generation: Int32 = -1
        var isLeader = false
        var skips = false
        var others: [String] = []
        var owned: Set<UInt8> = []
        var life: UInt8 = 0
    }

    private static let partitions = Set<UInt8>(0..<12)

    private var random: SeededGenerator
    private(set) var state = GroupState(id: "g", now: 0)
    private var clients: [Client]
    private var zombies: [(id: String, instance: String?, generation: Int32)] = []
    private var now: Int64 = 0
    private var counter: UInt64 = 0
    private var open: Set<RequestToken> = []
    /// What is on its way to the disk, oldest first, and what is on it.
    private var writing: [(ticket: UInt64, value: [UInt8])] = []
    private var disk: [UInt8]?
    private var written: GroupSnapshot?
    /// A log that could not be written once is not written again.
    private var isDiskLost = false
    private(set) var problems: Set<String> = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        clients = (0..<Int(3 + seed % 4)).map { Client(instance: $0 % 2 == 0 ? "i\($0)" : nil) }
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            let index = Int.random(in: clients.indices, using: &random)
            switch Int.random(in: 0..<40, using: &random) {
            case 0: clients[index].step = .dead
            case 1: comeBack(index)
            case 2: restartBroker()
            case 3: leave(index)
            case 4: if case .member = clients[index].step { clients[index].step = .idle }
            case 5...8: pass(Int64.random(in: 0...6_000, using: &random))
            case 9...16: finishWriting()
            case 17...22: commit(index)
            case 23: zombieBeats()
            default: act(index)
            }
            check()
        }
    }

    mutating func settle() {
        for index in clients.indices { if case .dead = clients[index].step { comeBack(index) } }
        if isDiskLost { restartBroker() }
        for _ in 0..<300 {
            for index in clients.indices { act(index) }
            while !writing.isEmpty { finishWriting(mayFail: false) }
            pass(500)
            check()
        }
        if state.phase != .stable { problems.insert("the group ends \(state.phase)") }
        if Set(state.members.map(\.id)) != Set(clients.map(\.id)) { problems.insert("members are not who lives") }
        let owned = clients.flatMap(\.owned)
        if Set(owned) != Self.partitions || owned.count != Self.partitions.count {
            problems.insert("partitions end with \(clients.map(\.owned))")
        }
        if !open.isEmpty { problems.insert("\(open.count) requests are never answered") }
    }

    // MARK: Clients

    private mutating func comeBack(_ index: Int) {
        let old = clients[index]
        if old.instance != nil, !old.id.isEmpty { zombies.append((old.id, old.instance, old.generation)) }
        clients[index] = Client(instance: old.instance)
        clients[index].life = old.life &+ 1
    }

    private mutating func leave(_ index: Int) {
        guard case .member = clients[index].step else { return }
        let token = makeToken()
        let leaver = GroupEvent.Leaver(memberID: clients[index].id, instanceID: clients[index].instance)
        clients[index] = Client(instance: clients[index].instance)
        take(state.handle(.leave([leaver], token: token), now: now))
    }

    private mutating func act(_ index: Int) {
        let client = clients[index]
        switch client.step {
        case .dead, .joining, .syncing: return
        case .idle:
            let token = makeToken()
            clients[index].step = .joining(token)
            var metadata: [UInt8] = [0, 1, 0, 0, 0, 1, 0, 1, 116]
            metadata += client.owned.sorted()
            let join = GroupEvent.Join(
                memberID: client.id,
                candidateID: "\(client.instance ?? "m")-\(counter)",
                instanceID: client.instance,
                sessionTimeoutMilliseconds: 10_000,
                rebalanceTimeoutMilliseconds: 15_000,
                protocolType: "consumer",
                strategies: [.init(name: "cooperative-sticky", metadata: metadata)],
                requiresKnownMemberID: client.instance == nil,
                supportsSkippingAssignment: client.life % 2 == 0
            )
            take(state.handle(.join(join, token: token), now: now))
        case .joined:
            let token = makeToken()
            clients[index].step = .syncing(token)
            let sync = GroupEvent.Sync(
                memberID: client.id,
                instanceID: client.instance,
                generation: client.generation,
                assignments: client.isLeader && !client.skips ? assign(client) : [:]
            )
            take(state.handle(.sync(sync, token: token), now: now))
        case .member:
            let token = makeToken()
            let beat = GroupEvent.heartbeat(
                memberID: client.id,
                instanceID: client.instance,
                generation: client.generation,
                token: token
            )
            take(state.handle(beat, now: now), heartbeatOf: index)
        }
    }

    /// As cooperative-sticky: what another member still owns is given out one generation later.
    private func assign(_ leader: Client) -> [String: [UInt8]] {
        var owners: [UInt8: String] = [:]
        for member in state.members {
            for partition in member.metadata(for: "cooperative-sticky").dropFirst(9) { owners[partition] = member.id }
        }
        var result: [String: [UInt8]] = [:]
        for (place, partition) in Self.partitions.sorted().enumerated() {
            let target = leader.others[place % leader.others.count]
            if let owner = owners[partition], owner != target { continue }
            result[target, default: []].append(partition)
        }
        return result
    }

    private mutating func commit(_ index: Int) {
        let client = clients[index]
        guard case .member = client.step else { return }
        let error = state.checkCommit(
            memberID: client.id,
            instanceID: client.instance,
            generation: client.generation,
            now: now
        )
        let isCurrent = client.generation == state.generation && state.member(client.id) != nil
        if (error == .none) != (isCurrent && state.phase != .completing) {
            problems.insert("a commit of generation \(client.generation) got \(error) in \(state.phase)")
        }
    }

    private mutating func zombieBeats() {
        guard let zombie = zombies.popLast() else { return }
        let token = makeToken()
        let beat = GroupEvent.heartbeat(
            memberID: zombie.id,
            instanceID: zombie.instance,
            generation: zombie.generation,
            token: token
        )
        let isStillMember = state.member(zombie.id) != nil
        for case .answerHeartbeat(token, .none) in state.handle(beat, now: now) where !isStillMember {
            problems.insert("a fenced member is taken for alive")
        }
        open.remove(token)
    }

    // MARK: Broker

    private mutating func take(_ actions: [GroupAction], heartbeatOf index: Int? = nil) {
        for action in actions {
            switch action {
            case .answerJoin(let token, let answer):
                close(token)
                if let client = clients.firstIndex(where: { if case .joining(token) = $0.step { true } else { false } }
                ) {
                    joined(client, answer)
                }
            case .answerSync(let token, let answer):
                close(token)
                if let client = clients.firstIndex(where: { if case .syncing(token) = $0.step { true } else { false } }
                ) {
                    synced(client, answer)
                }
            case .answerHeartbeat(let token, let error):
                close(token)
                guard let index, error != .none else { continue }
                rejoin(index, error)
            case .answerLeave(let token, _): close(token)
            case .persist(let ticket): write(GroupSnapshot(state, now: now), ticket)
            case .persistID(let ticket, let instanceID, let memberID):
                write(written?.renaming(instanceID, to: memberID), ticket)
            case .expired: continue
            }
        }
    }

    private mutating func write(_ snapshot: GroupSnapshot?, _ ticket: UInt64) {
        written = snapshot
        writing.append((ticket, GroupRecord.group("g", snapshot).value ?? []))
    }

    private mutating func joined(_ index: Int, _ answer: GroupAction.JoinAnswer) {
        guard answer.error == .none else {
            if answer.error == .memberIDRequired {
                clients[index].id = answer.memberID
                clients[index].step = .idle
            } else {
                rejoin(index, answer.error)
            }
            return
        }
        clients[index].id = answer.memberID
        clients[index].generation = answer.generation
        clients[index].isLeader = answer.leader == answer.memberID
        clients[index].skips = answer.skipAssignment
        clients[index].others = answer.members.map(\.memberID)
        clients[index].step = .joined
    }

    private mutating func synced(_ index: Int, _ answer: GroupAction.SyncAnswer) {
        guard answer.error == .none else { return rejoin(index, answer.error) }
        let assigned = Set(answer.assignment)
        for other in clients.indices where other != index && clients[other].generation == clients[index].generation {
            guard case .member = clients[other].step, !clients[other].owned.isDisjoint(with: assigned) else { continue }
            problems.insert("two members own a partition in generation \(clients[index].generation)")
        }
        let revoked = !clients[index].owned.isSubset(of: assigned)
        clients[index].owned = assigned
        // Having given something up it joins again at once, so that others can have it.
        clients[index].step = revoked ? .idle : .member
        if !revoked, clients[index].isLeader, !clients[index].skips {
            let given = Set(state.members.flatMap(\.assignment))
            if given != Self.partitions { clients[index].step = .idle }
        }
    }

    private mutating func rejoin(_ index: Int, _ error: ErrorCode) {
        clients[index].step = .idle
        switch error {
        case .unknownMemberID, .fencedInstanceID:
            clients[index].id = ""
            clients[index].owned = []
            if error == .fencedInstanceID { problems.insert("a member is fenced by nobody") }
        case .illegalGeneration: clients[index].owned = []
        default: break
        }
    }

    /// What is on disk is all that is left; requests under way are lost with their connections.
    private mutating func restartBroker() {
        state = GroupState(id: "g", now: now)
        let kept = isDiskLost ? 0 : Int.random(in: 0...writing.count, using: &random)
        if kept > 0 { disk = writing[kept - 1].value }
        isDiskLost = false
        writing = []
        open = []
        written = nil
        for index in clients.indices {
            switch clients[index].step {
            case .joining: clients[index].step = .idle
            case .syncing: clients[index].step = .joined
            default: break
            }
        }
        guard let disk,
            let snapshot = try? disk.withUnsafeBytes({ value in
                try GroupRecord.group("g", nil).key.withUnsafeBytes { try GroupRecord(key: $0, value: value) }
            }), case .group(_, let group?) = snapshot
        else { return }
        written = group
        state.restore(
            generation: group.generation,
            protocolType: group.protocolType,
            protocolName: group.protocolName,
            leader: group.leader,
            members: group.members,
            now: now
        )
    }

    private mutating func finishWriting(mayFail: Bool = true) {
        guard !writing.isEmpty else { return }
        let (ticket, value) = writing.removeFirst()
        if mayFail, Int.random(in: 0..<40, using: &random) == 0 { isDiskLost = true }
        if !isDiskLost { disk = value }
        take(state.handle(.persisted(ticket: ticket, isDiskLost ? .coordinatorNotAvailable : .none), now: now))
    }

    private mutating func pass(_ milliseconds: Int64) {
        now += milliseconds
        take(state.handle(.tick, now: now))
    }

    private mutating func makeToken() -> RequestToken {
        counter += 1
        open.insert(counter)
        return counter
    }

    private mutating func close(_ token: RequestToken) {
        if open.remove(token) == nil { problems.insert("a request is answered twice or never was") }
    }

    private mutating func check() {
        if Set(state.members.map(\.id)).count != state.members.count { problems.insert("a member is there twice") }
        let instances = state.members.compactMap(\.instanceID)
        if Set(instances).count != instances.count { problems.insert("an instance is there twice") }
        if state.phase == .empty, !state.members.isEmpty { problems.insert("an empty group has members") }
        if state.phase != .empty, state.members.isEmpty { problems.insert("\(state.phase) without members") }
    }
}

@Suite struct GroupStormTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `static and cooperative members settle with each partition owned once`(seed: UInt64) {
        var storm = Storm(seed: seed)
        storm.run(steps: 600)
        storm.settle()
        #expect(storm.problems.isEmpty)
    }
}
