import Broker
import Clocks
import KafkaProtocol
import Telemetry
import Testing

@Suite struct ConnectionLimitTests {
    @Test func `connections are counted in all and by address`() {
        let limits = ConnectionLimits(total: 5, perAddress: 2, overrides: "10.0.0.9:3, ::1:0, nonsense")
        var counts = ConnectionCounts()
        func admit(_ address: String) -> String? { counts.admit(address, limits) }
        #expect(admit("10.0.0.1") == nil && admit("10.0.0.1") == nil)
        #expect(admit("10.0.0.1") == "max.connections.per.ip is reached")
        #expect(admit("::1") == "max.connections.per.ip is reached")
        #expect(admit("10.0.0.9") == nil && admit("10.0.0.9") == nil && admit("10.0.0.9") == nil)
        #expect(admit("10.0.0.2") == "max.connections is reached")
        counts.release("10.0.0.1")
        #expect(admit("10.0.0.2") == nil && counts.total == 5)
        counts.release("10.0.0.7")
        #expect(counts.total == 5, "one that was never admitted is not counted back")
        #expect(ConnectionLimits.problem("10.0.0.9:3,nonsense") != nil)
    }

    @Test func `an address with its connections used up waits for one to close, or for a higher limit`() throws {
        let broker = try BrokerFixture(["max.connections.per.ip": "2"])
        let (first, second) = (try broker.client(), try broker.client())
        for client in [first, second] {
            _ = try client.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)
        }
        #expect(try broker.client().isClosedByPeer())
        var request = IncrementalAlterConfigsRequest()
        request.resources = [.init()]
        request.resources[0].resourceType = 4
        request.resources[0].resourceName = ""
        request.resources[0].configs = [.init()]
        request.resources[0].configs[0].name = "max.connections.per.ip.overrides"
        request.resources[0].configs[0].value = "127.0.0.1"
        let bad = try first.call(request, version: 1, as: IncrementalAlterConfigsResponse.self)
        #expect(bad.responses.first?.errorCode == .invalidRequest)
        request.resources[0].configs[0].value = "127.0.0.1:3"
        let good = try first.call(request, version: 1, as: IncrementalAlterConfigsResponse.self)
        #expect(good.responses.first?.errorCode == ErrorCode.none)
        let third = try broker.client()
        #expect(try third.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self).errorCode == .none)
        withExtendedLifetime((first, second)) {}
    }

    @Test func `connections that come too fast are closed`() throws {
        let broker = try BrokerFixture(["quota.window.num": "2"])
        let admin = try broker.client()
        var request = AlterClientQuotasRequest()
        request.entries = [.init()]
        request.entries[0].entity = [.init()]
        request.entries[0].entity[0].entityType = "ip"
        request.entries[0].ops = [.init()]
        request.entries[0].ops[0].key = "connection_creation_rate"
        request.entries[0].ops[0].value = 3
        let set = try admin.call(request, version: 1, as: AlterClientQuotasResponse.self)
        #expect(set.entries.first?.errorCode == ErrorCode.none)
        let clients = try (0..<8).map { _ in try broker.client(waitSeconds: 5) }
        let served = clients.filter {
            (try? $0.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)) != nil
        }
        #expect(served.count >= 3 && served.count < 8)
    }

    @Test func `a flood of rubbish is counted in the log, not listed`() throws {
        let broker = try BrokerFixture()
        for _ in 0..<120 {
            let client = try broker.client()
            client.send([0xff, 0xff, 0xff, 0xff])
            #expect(client.isClosedByPeer())
        }
        let lines = broker.log.lines.filter { $0.contains("connection closed") }
        #expect(lines.count >= 40 && lines.count <= 110, "one window's lines, or two when the test is slow")
    }

    @Test func `answers that wait for an earlier one stop the reading, and all come in order`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        try broker.createTopic("quiet")
        let client = try broker.client(waitSeconds: 20)
        _ = try client.produce("t", batch([String(repeating: "x", count: 600_000)]))
        let waiting = client.send(fetchRequest("quiet", offset: 0, maxWait: 1500), version: 12)
        let ids = (0..<40).map { _ in client.send(fetchRequest("t", offset: 0), version: 12) }
        // Another connection's answer shows that the broker has had its turns.
        let other = try broker.client()
        for _ in 0..<20 { _ = try other.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self) }
        let line = broker.metrics.prometheusText().split(separator: "\n").first {
            $0.hasPrefix("soma_broker_requests_total{api=\"Fetch\"}")
        }
        let taken = line.flatMap { $0.split(separator: " ").last.flatMap { Double($0) } } ?? .infinity
        #expect(taken >= 1 && taken < 10)
        for id in [waiting] + ids {
            let answer = try client.receive(FetchRequest.layout, version: 12, correlationID: id, as: FetchResponse.self)
            #expect(answer.errorCode == .none)
        }
    }

    @Test func `unfinished requests cannot hold more memory than there is for them`() throws {
        let broker = try BrokerFixture(["queued.max.request.bytes": "1048576"])
        let canary = try broker.client()
        _ = try canary.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self)
        let hogs = try (0..<4).map { _ in try broker.client(waitSeconds: 5) }
        // 2 MiB are said to come, and do not come whole.
        for hog in hogs { hog.send([0, 0x20, 0, 0] + [UInt8](repeating: 7, count: 900 << 10)) }
        #expect(hogs.filter { $0.isClosedByPeer() }.count >= 2)
        #expect(broker.log.lines.contains { $0.contains("too many in all") })
        #expect(try canary.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self).errorCode == .none)
    }
}
