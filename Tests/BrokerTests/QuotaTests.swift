import Broker
import Clocks
import KafkaProtocol
import Testing

@Suite struct QuotaTests {
    private static let alice = QuotaLedger.Client(user: "alice", clientID: "app")

    private static func ledger(_ limits: [(QuotaEntity, QuotaKind, Double)]) -> QuotaLedger {
        var table = QuotaTable()
        for (entity, kind, limit) in limits { table.set(entity, kind, limit) }
        var ledger = QuotaLedger()
        ledger.replace(table)
        return ledger
    }

    @Test func `the most precise quota holds, users before client ids`() {
        let order: [QuotaEntity] = [
            .init(user: .named("alice"), clientID: .named("app")), .init(user: .named("alice"), clientID: .others),
            .init(user: .named("alice")), .init(user: .others, clientID: .named("app")),
            .init(user: .others, clientID: .others), .init(user: .others), .init(clientID: .named("app")),
            .init(clientID: .others),
        ]
        var table = QuotaTable()
        for (index, entity) in order.enumerated().reversed() {
            table.set(entity, .produce, Double(index + 1))
            #expect(table.limit(.produce, user: "alice", clientID: "app")?.perSecond == Double(index + 1))
        }
        #expect(table.limit(.produce, user: "bob", clientID: "app")?.perSecond == 4)
        #expect(table.limit(.produce, user: "bob", clientID: "other")?.perSecond == 5)
        #expect(table.limit(.consume, user: "alice", clientID: "app") == nil)
        for entity in order { table.set(entity, .produce, nil) }
        #expect(table.isEmpty)
    }

    @Test func `within its rate a client never waits, beyond it until the rate is kept`() {
        var ledger = Self.ledger([(.init(user: .others), .produce, 1000)])
        for second in 0..<60 {
            #expect(ledger.use(.produce, 900, Self.alice, now: Int64(second) * 1000) == 0)
        }
        var now: Int64 = 60_000
        let throttle = ledger.use(.produce, 20_000, Self.alice, now: now)
        #expect(throttle > 15_000 && throttle < 25_000)
        now += throttle
        #expect(ledger.use(.produce, 0, Self.alice, now: now) == 0)
    }

    /// Whatever a client sends, if it waits as told it gets no more than its rate and one burst.
    @Test(arguments: 0..<32 as Range<UInt64>)
    func `a client that waits as told keeps to its rate`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = Double.random(in: 100...100_000, using: &random)
        var ledger = Self.ledger([(.init(clientID: .named("app")), .consume, limit)])
        var (now, sent, largest): (Int64, Double, Double) = (0, 0, 0)
        while now < 120_000 {
            let amount = Double.random(in: 0...(limit / 2), using: &random)
            (sent, largest) = (sent + amount, max(largest, amount))
            now += ledger.use(.consume, amount, Self.alice, now: now) + Int64.random(in: 0...50, using: &random)
        }
        #expect(sent <= limit * Double(now) / 1000 + limit * 11 + largest)
        #expect(sent >= limit * 60, "and is not held far below it")
    }

    @Test func `those who share a quota share what is left of it, others do not`() {
        var ledger = Self.ledger([(.init(user: .named("alice")), .produce, 100), (.init(user: .others), .produce, 100)])
        let second = QuotaLedger.Client(user: "alice", clientID: "second")
        let bob = QuotaLedger.Client(user: "bob", clientID: "app")
        #expect(ledger.use(.produce, 5000, Self.alice, now: 0) > 0)
        #expect(ledger.use(.produce, 1, second, now: 0) > 0)
        #expect(ledger.use(.produce, 1, bob, now: 0) == 0)
        #expect(ledger.use(.consume, 5000, Self.alice, now: 0) == 0)
    }

    @Test func `changes to topics may be saved up, then come at their rate`() {
        var ledger = Self.ledger([(.init(user: .others), .mutations, 2)])
        func mutate(_ count: Int, isStrict: Bool = true, now: Int64 = 0) -> Bool {
            ledger.mutate(count, Self.alice, isStrict: isStrict, now: now)
        }
        #expect(mutate(21))
        #expect(mutate(5), "what is left lets one more in")
        #expect(!mutate(1))
        #expect(ledger.mutationThrottle(Self.alice, now: 0) == 2000)
        #expect(mutate(1, isStrict: false), "older clients are made to wait instead")
        #expect(ledger.mutationThrottle(Self.alice, now: 0) == 2500)
        #expect(!mutate(1, now: 2500))
        #expect(mutate(1, now: 2501))
    }

    @Test func `time quotas slow down by a window at most`() {
        var ledger = Self.ledger([(.init(user: .others), .requestTime, 1)])
        #expect(ledger.use(.requestTime, 100_000, Self.alice, now: 0) == 1000)
    }

    @Test func `connections that are turned away do not count`() {
        var ledger = Self.ledger([(.init(address: .others), .connections, 1)])
        let admitted = (0..<100).filter { ledger.connect("10.0.0.1", now: Int64($0) * 10) == 0 }
        #expect(admitted.count == 10)
        #expect(ledger.connect("10.0.0.2", now: 1000) == 0)
        #expect(ledger.connect("10.0.0.1", now: 12_000) == 0)
    }

    // Over the wire.

    private static func set(
        _ client: WireClient,
        _ entity: [(String, String?)],
        _ key: String,
        _ value: Double?
    ) throws -> ErrorCode? {
        var request = AlterClientQuotasRequest()
        request.entries = [.init()]
        request.entries[0].entity = entity.map { type, name in
            var part = AlterClientQuotasRequest.Entry.Entity()
            part.entityType = type
            part.entityName = name
            return part
        }
        request.entries[0].ops = [.init()]
        request.entries[0].ops[0].key = key
        request.entries[0].ops[0].value = value ?? 0
        request.entries[0].ops[0].remove = value == nil
        return try client.call(request, version: 1, as: AlterClientQuotasResponse.self).entries.first?.errorCode
    }

    @Test func `a producer beyond its quota is told, and not read until its time is over`() throws {
        let broker = try BrokerFixture(["quota.window.num": "2"])
        try broker.createTopic("t")
        #expect(try Self.set(broker.client(), [("client-id", "test")], "producer_byte_rate", 4000) == ErrorCode.none)
        let client = try broker.client()
        let records = try batch([String(repeating: "x", count: 5000)])
        let clock = Clock.system
        let start = clock.monotonicMilliseconds
        let answer = try client.call(
            produceRequest("t", records),
            version: 9,
            as: ProduceResponse.self,
            records: records
        )
        #expect(answer.responses.first?.partitionResponses.first?.errorCode == ErrorCode.none)
        let throttle = Int64(answer.throttleTimeMilliseconds)
        #expect(throttle > 100 && throttle < 2000)
        _ = try client.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)
        #expect(clock.monotonicMilliseconds - start >= throttle)
        #expect(try Self.set(broker.client(), [("client-id", "test")], "producer_byte_rate", nil) == ErrorCode.none)
        let free = try client.call(produceRequest("t", records), version: 9, as: ProduceResponse.self, records: records)
        #expect(free.throttleTimeMilliseconds == 0)
    }

    @Test func `a consumer and the maker of topics are told to wait as well`() throws {
        let broker = try BrokerFixture(["quota.window.num": "2"])
        try broker.createTopic("t")
        _ = try broker.client().produce("t", batch([String(repeating: "x", count: 5000)]))
        let admin = try broker.client()
        #expect(try Self.set(admin, [("user", "ANONYMOUS")], "consumer_byte_rate", 4000) == ErrorCode.none)
        let fetched = try broker.client().call(fetchRequest("t", offset: 0), version: 12, as: FetchResponse.self)
        #expect(fetched.throttleTimeMilliseconds > 0)
        #expect(try Self.set(admin, [("user", nil)], "controller_mutation_rate", 0.5) == ErrorCode.none)
        var request = CreateTopicsRequest()
        request.topics = ["a", "b", "c"].map { name in
            var topic = CreateTopicsRequest.Topic()
            topic.name = name
            topic.numPartitions = 20
            topic.replicationFactor = 1
            return topic
        }
        let created = try broker.client().call(request, version: 7, as: CreateTopicsResponse.self)
        #expect(created.topics.map(\.errorCode) == [.none, .throttlingQuotaExceeded, .throttlingQuotaExceeded])
        #expect(created.throttleTimeMilliseconds > 10_000)
    }

    @Test func `quotas are kept, found by filters, and refused when they make no sense`() throws {
        let broker = try BrokerFixture()
        let client = try broker.client()
        let good: [([(String, String?)], String, Double)] = [
            ([("user", "u1")], "producer_byte_rate", 1024),
            ([("user", "u1"), ("client-id", "c 1")], "consumer_byte_rate", 2),
            ([("user", nil)], "request_percentage", 12.5), ([("ip", "127.0.0.5")], "connection_creation_rate", 50),
        ]
        for (entity, key, value) in good { #expect(try Self.set(client, entity, key, value) == ErrorCode.none) }
        let bad: [([(String, String?)], String, Double)] = [
            ([], "producer_byte_rate", 1), ([("zebra", "x")], "producer_byte_rate", 1),
            ([("user", "u1")], "nope", 1), ([("user", "u1")], "connection_creation_rate", 1),
            ([("ip", "1.2.3.4")], "producer_byte_rate", 1), ([("ip", "no.host")], "connection_creation_rate", 1),
            ([("ip", "1.2.3.4"), ("user", "x")], "connection_creation_rate", 1),
            ([("user", "u1")], "producer_byte_rate", 0), ([("user", "u1")], "producer_byte_rate", 1.5),
        ]
        for (entity, key, value) in bad { #expect(try Self.set(client, entity, key, value) == .invalidRequest) }
        try broker.restart()
        let again = try broker.client()
        func found(_ components: [(String, Int8, String?)], strict: Bool = false) throws -> Int? {
            var request = DescribeClientQuotasRequest()
            request.strict = strict
            request.components = components.map { type, match, name in
                var component = DescribeClientQuotasRequest.Component()
                component.entityType = type
                component.matchType = match
                component.match = name
                return component
            }
            return try again.call(request, version: 1, as: DescribeClientQuotasResponse.self).entries?.count
        }
        #expect(try found([]) == 4)
        #expect(try found([("user", 0, "u1")]) == 2)
        #expect(try found([("user", 0, "u1")], strict: true) == 1)
        #expect(try found([("user", 1, nil)]) == 1)
        #expect(try found([("user", 2, nil)]) == 3)
        #expect(try found([("ip", 2, nil)]) == 1)
        #expect(try found([("zebra", 2, nil)]) == nil)
    }
}
