import Events
import Gateway
import HTTPServer
import JSON
import Testing

private let report = PlatformReport(
    time: 1_700_000_000_000,
    groups: [
        .init(
            id: "turn-gate",
            state: "Stable",
            status: "OK",
            memberCount: 1,
            partitions: [
                .init(
                    topic: "conversation.events",
                    partition: 0,
                    committed: 5,
                    end: 8,
                    lag: 3,
                    lagSeconds: 1.5,
                    member: "m"
                ),
                .init(
                    topic: "conversation.events",
                    partition: 1,
                    committed: nil,
                    end: 0,
                    lag: nil,
                    lagSeconds: nil,
                    member: nil
                ),
            ]
        )
    ],
    topics: [.init(name: "billing", partitionCount: 12, recordCount: 100, recordsPerSecond: 2.5, byteCount: 1024)]
)

@Suite struct AccessTests {
    @Test(arguments: ["/v1/models", "/v1/memory/search", "/v1/billing/usage", "/v1/lag", "/metrics", "/"])
    func `without a key nothing is told`(path: String) async throws {
        let gateway = try TestGateway()
        for key in [nil, "wrong", "key-a ", ""] as [String?] {
            let answer = await gateway.send("GET", path, key: key).wait()
            #expect(answer.status == 401)
            #expect(answer.header("www-authenticate") == "Bearer")
        }
    }

    @Test func `a wrong key has OpenAI's form on its routes and problem details elsewhere`() async throws {
        let gateway = try TestGateway()
        let chat = await gateway.send("POST", "/v1/chat/completions", key: "wrong", body: "{}").wait()
        #expect(chat.json?["error"]?["code"]?.string == "invalid_api_key")
        let events = await gateway.send("POST", "/v1/events", key: "wrong", body: "{}").wait()
        #expect(events.header("content-type") == "application/problem+json")
    }

    @Test func `probes need no key`() async throws {
        let gateway = try TestGateway()
        #expect(await gateway.send("GET", "/healthz", key: nil).wait().status == 200)
        #expect(await gateway.send("GET", "/readyz", key: nil).wait().status == 503)
    }

    @Test(arguments: ["/", "/v1/lag", "/v1/topics", "/metrics"])
    func `console routes open on loopback only when the setting says so`(path: String) async throws {
        let gateway = try TestGateway(
            change: { $0.opensConsoleOnLoopback = true },
            services: { $0.platform = { report } }
        )
        let local = [("host", "localhost:8080")]
        #expect(await gateway.send("GET", path, headers: local, key: nil).wait().status == 200)
        #expect(await gateway.send("GET", path, headers: local, key: nil, isFromLoopback: false).wait().status == 401)
        #expect(await gateway.send("GET", path, headers: [("host", "evil.example")], key: nil).wait().status == 401)
        #expect(await gateway.send("GET", path, headers: local, key: "wrong").wait().status == 401)
        #expect(await gateway.send("GET", path, isFromLoopback: false).wait().status == 200)
        #expect(await gateway.send("GET", "/v1/models", headers: local, key: nil).wait().status == 401)
    }

    @Test func `unknown routes and methods are told apart`() async throws {
        let gateway = try TestGateway()
        #expect(await gateway.send("GET", "/v1/nothing").wait().status == 404)
        let wrong = await gateway.send("DELETE", "/v1/chat/completions").wait()
        #expect(wrong.status == 405)
        #expect(wrong.header("allow") == "OPTIONS, POST")
        #expect(wrong.json?["error"]?["code"]?.string == "method_not_allowed")
    }

    @Test func `shows lag, topics and metrics`() async throws {
        let gateway = try TestGateway(services: { $0.platform = { report } })
        let group = await gateway.send("GET", "/v1/lag").wait().json?["groups"]?.array?.first
        #expect(group?["lag"]?.int64 == 3)
        #expect(group?["lag_seconds"]?.double == 1.5)
        #expect(group?["partitions"]?.array?.last?["lag"] == .null)
        let topics = await gateway.send("GET", "/v1/topics").wait()
        #expect(topics.json?["topics"]?.array?.first?["records_per_second"]?.double == 2.5)
        let metrics = await gateway.send("GET", "/metrics").wait().text
        #expect(metrics.contains(#"soma_gateway_requests_total{route="/v1/lag",status="2xx"} 1"#))
        let families = metrics.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(families.count == Set(families).count)
    }

    @Test func `searches memory as the key's tenant`() async throws {
        let gateway = try TestGateway(services: { services in
            services.searchMemory = { query in
                let text = "\(query.tenant) \(query.text) \(query.count)"
                return [MemoryHit(id: "1", session: query.session ?? "", role: "user", text: text, score: 0.5, time: 0)]
            }
        })
        let answer = await gateway.send("GET", "/v1/memory/search", query: [("q", "x y"), ("session", "s")]).wait()
        #expect(answer.json?["hits"]?.array?.first?["text"]?.string == "acme x y 10")
        for query in [[], [("q", "")], [("q", "x"), ("k", "0")], [("q", "x"), ("k", "many")]] {
            #expect(await gateway.send("GET", "/v1/memory/search", query: query).wait().status == 400)
        }
    }

    @Test func `a read that fails is 503 without its insides`() async throws {
        struct Inside: Error {}
        let gateway = try TestGateway(services: { $0.usage = { _ in throw Inside() } })
        let answer = await gateway.send("GET", "/v1/billing/usage").wait()
        #expect(answer.status == 503)
        #expect(!answer.text.contains("Inside"))
    }

    @Test func `reports usage with exact money`() async throws {
        let row = UsageRow(
            service: "slm",
            model: "local",
            currency: "USD",
            totalTokens: 7,
            totalAmount: Money(micros: 14),
            usageCount: 1,
            chargeCount: 1
        )
        let gateway = try TestGateway(services: { $0.usage = { _ in [row] } })
        let answer = await gateway.send("GET", "/v1/billing/usage").wait()
        #expect(answer.json?["usage"]?.array?.first?["total_amount"]?.string == "0.000014")
        #expect(answer.json?["tenant"]?.string == "acme")
    }
}
