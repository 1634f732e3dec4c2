import Broker
import Clocks
import KafkaProtocol
import Testing

/// Plays clients against one group in an order that the seed decides, some of them dying on the way.
private struct Play {
    private enum Step {
        case idle
        case joining(RequestToken)
        case joined
        case syncing(RequestToken)
        case member
        case dead
    }

    private struct Client {
        var id = ""
        var step = Step.idle
        var generation: Int32 = -1
        var isLeader = false
        var others: [String] = []
        var assignment: [UInt8] = []
    }

    private var random: SeededGenerator
    private(set) var state = GroupState(id: "g", now: 0)
    private var clients: [Client]
    private var now: Int64 = 0
    private var nextToken: RequestToken = 0
    private var nextID = 0
    private var open: Set<RequestToken> = []
    private var persisting: [UInt64] = []
    private var highestGeneration: Int32 = 0
    private(set) var problems: [String] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        clients = Array(repeating: Client(), count: 2 + Int(seed % 4))
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            let index = Int.random(in: clients.indices, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0: clients[index].step = .dead
            case 1: clients[index] = Client()
            case 2...4:
                now += Int64.random(in: 0...8_000, using: &random)
                take(state.handle(.tick, now: now))
            case 5...7: finishPersisting()
            default: act(index)
            }
            check()
        }
    }

    /// Lets the living settle: whatever happened, they must end in one stable group.
    mutating func settle() {
        for _ in 0..<400 {
            for index in clients.indices { act(index) }
            finishPersisting()
            now += 1_000
            take(state.handle(.tick, now: now))
            check()
        }
        let living = clients.filter { if case .dead = $0.step { false } else { true } }
        guard !living.isEmpty else {
            if state.phase != .empty { problems.append("nobody lives and the group is \(state.phase)") }
            return
        }
        if state.phase != .stable { problems.append("the group ends \(state.phase)") }
        if Set(state.members.map(\.id)) != Set(living.map(\.id)) { problems.append("members are not who lives") }
        for client in living where client.generation != state.generation { problems.append("a client is behind") }
    }

    private mutating func act(_ index: Int) {
        let client = clients[index]
        switch client.step {
        case .dead, .joining, .syncing: return
        case .idle:
            nextID += 1
            let token = makeToken()
            clients[index].step = .joining(token)
            let join = GroupEvent.Join(
                memberID: client.id,
                candidateID: "m\(nextID)",
                sessionTimeoutMilliseconds: 10_000,
                rebalanceTimeoutMilliseconds: 20_000,
                protocolType: "consumer",
                strategies: [.init(name: "range", metadata: [UInt8(index)])],
                requiresKnownMemberID: true
            )
            take(state.handle(.join(join, token: token), now: now))
        case .joined:
            let token = makeToken()
            clients[index].step = .syncing(token)
            var assignments: [String: [UInt8]] = [:]
            if client.isLeader { for other in client.others { assignments[other] = Array(other.utf8) } }
            take(
                state.handle(
                    .sync(
                        .init(memberID: client.id, generation: client.generation, assignments: assignments),
                        token: token
                    ),
                    now: now
                )
            )
        case .member:
            if client.assignment != Array(client.id.utf8) { problems.append("\(client.id) has another's assignment") }
            let token = makeToken()
            take(
                state.handle(
                    .heartbeat(memberID: client.id, instanceID: nil, generation: client.generation, token: token),
                    now: now
                ),
                heartbeatOf: index
            )
        }
    }

    private mutating func take(_ actions: [GroupAction], heartbeatOf index: Int? = nil) {
        for action in actions {
            switch action {
            case .answerJoin(let token, let answer):
                close(token)
                guard
                    let client = clients.firstIndex(where: { if case .joining(token) = $0.step { true } else { false } }
                    )
                else { continue }
                if answer.error == .none {
                    clients[client].id = answer.memberID
                    clients[client].generation = answer.generation
                    clients[client].isLeader = answer.leader == answer.memberID
                    clients[client].others = answer.members.map(\.memberID)
                    clients[client].step = .joined
                } else {
                    clients[client].id = answer.error == .memberIDRequired ? answer.memberID : ""
                    clients[client].step = .idle
                }
            case .answerSync(let token, let answer):
                close(token)
                guard
                    let client = clients.firstIndex(where: { if case .syncing(token) = $0.step { true } else { false } }
                    )
                else { continue }
                clients[client].assignment = answer.assignment
                clients[client].step = answer.error == .none ? .member : .idle
                if answer.error == .unknownMemberID { clients[client].id = "" }
            case .answerHeartbeat(let token, let error):
                close(token)
                guard let index, error != .none else { continue }
                clients[index].step = .idle
                if error == .unknownMemberID { clients[index].id = "" }
            case .answerLeave(let token, _): close(token)
            case .persist(let ticket): persisting.append(ticket)
            case .expired, .persistID: continue
            }
        }
    }

    private mutating func finishPersisting() {
        guard !persisting.isEmpty else { return }
        let ticket = persisting.removeFirst()
        let fails = Int.random(in: 0..<10, using: &random) == 0
        take(state.handle(.persisted(ticket: ticket, fails ? .coordinatorNotAvailable : .none), now: now))
    }

    private mutating func makeToken() -> RequestToken {
        nextToken += 1
        open.insert(nextToken)
        return nextToken
    }

    private mutating func close(_ token: RequestToken) {
        if open.remove(token) == nil { problems.append("request \(token) is answered twice or never was") }
    }

    private mutating func check() {
        if state.generation < highestGeneration { problems.append("the generation went back") }
        highestGeneration = max(highestGeneration, state.generation)
        if Set(state.members.map(\.id)).count != state.members.count { problems.append("a member is there twice") }
        if state.phase == .stable || state.phase == .completing {
            if !state.members.contains(where: { $0.id == state.leader }) { problems.append("the leader is no member") }
        }
        if state.phase == .empty, !state.members.isEmpty { problems.append("an empty group has members") }
        if state.phase != .empty, state.members.isEmpty { problems.append("\(state.phase) without members") }
    }
}

@Suite struct GroupInterleavingTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `in any order of events each request is answered once and the living end in one group`(seed: UInt64) {
        var play = Play(seed: seed)
        play.run(steps: 300)
        play.settle()
        #expect(play.problems.isEmpty)
    }
}
