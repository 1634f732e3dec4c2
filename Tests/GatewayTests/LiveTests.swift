import Broker
import Events
import Gateway
import HTTPClient
import HTTPServer
import JSON
import RdKafka
import Schemas
import Synchronization
import Telemetry
import TestSupport
import Testing

/// A broker, a gateway and something that answers turns, on sockets of their own.
private final class LiveGateway: Sendable {
    let directory: TemporaryDirectory
    let brokerAddress: BrokerSettings.Address
    let gateway: HTTPGateway
    let log: KafkaEventLog
    let port: UInt16
    let client: Client
    private let broker: Mutex<Broker?>
    private let isStopping = StopFlag()
    private let answerer: OwnThread

    final class StopFlag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    init(change: (inout GatewaySettings) -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        let quiet = Logger("test", sink: LogSink(descriptor: 2, level: .error))
        let broker = Broker(
            settings: try BrokerSettings(dataDirectory: directory.path + "/broker", listen: .init(port: 0)),
            logger: quiet,
            metrics: MetricsRegistry()
        )
        brokerAddress = try broker.start()
        self.broker = Mutex(broker)
        let brokers = brokerAddress.description
        try Admin(brokers: brokers).createTopics([
            .init("conversation.events", partitions: 4, replicationFactor: 1),
            .init("training.audit", partitions: 1, replicationFactor: 1),
        ])
        var settings = GatewaySettings()
        settings.server.port = 0
        settings.acknowledgeMilliseconds = 1_500
        change(&settings)
        log = try KafkaEventLog(
            brokers: brokers,
            settings: settings,
            overrides: ["topic.metadata.refresh.interval.ms": "200"]
        )
        gateway = HTTPGateway(
            settings: settings,
            services: GatewayServices(
                keys: APIKeys(TestGateway.keys),
                log: log,
                contracts: try ContractTable(),
                metrics: MetricsRegistry(),
                models: { [ModelListing(id: "local", ownedBy: "soma")] }
            )
        )
        port = try gateway.start(
            following: TurnFeed(brokers: brokers, table: gateway.turns, partitionCheckMilliseconds: 100)
        )
        client = try Client()
        let flag = isStopping
        answerer = OwnThread(name: "answerer") { answerTurns(brokers, flag) }
    }

    deinit { stop() }

    func stop() {
        isStopping.isSet.store(true, ordering: .relaxed)
        answerer.join()
        gateway.stop(graceMilliseconds: 0)
        try? log.close(deadline: .seconds(1))
        stopBroker()
    }

    func stopBroker() {
        let broker = broker.withLock { broker in
            defer { broker = nil }
            return broker
        }
        broker?.stop()
    }

    func startBroker() throws {
        let quiet = Logger("test", sink: LogSink(descriptor: 2, level: .error))
        let broker = Broker(
            settings: try BrokerSettings(dataDirectory: directory.path + "/broker", listen: brokerAddress),
            logger: quiet,
            metrics: MetricsRegistry()
        )
        _ = try broker.start()
        self.broker.withLock { $0 = broker }
    }

    func post(
        _ path: String,
        _ body: String,
        type: String = "application/json",
        headers: [(String, String)] = []
    ) async throws -> ClientResponse {
        let all = [("authorization", "Bearer key-a"), ("content-type", type)] + headers
        return try await client.send(
            ClientRequest(
                method: "POST",
                url: "http://127.0.0.1:\(port)\(path)",
                headers: all,
                body: Array(body.utf8)
            )
        )
    }

    /// All records of a topic, as ids by partition and offset.
    func ids(in topic: String) throws -> [String] {
        let admin = try Admin(brokers: brokerAddress.description)
        let consumer = try Consumer(brokers: brokerAddress.description, group: nil)
        var left = 0
        var starts: [TopicPartition: OffsetPosition] = [:]
        for partition in try admin.topic(topic).partitions {
            let place = TopicPartition(topic, partition.index)
            left += Int(try admin.watermarks(place).high)
            starts[place] = .offset(0)
        }
        try consumer.assign(starts)
        var ids: [String] = []
        while left > 0 {
            let batch = try consumer.poll(timeout: .milliseconds(100))
            for index in 0..<batch.count {
                left -= 1
                let id = batch[index].headers.first { $0.name == "ce_id" }?.value ?? []
                ids.append(String(decoding: id, as: UTF8.self))
            }
        }
        return ids
    }
}

/// Plays the processors of a turn: says each word of a message back.
private func answerTurns(_ brokers: String, _ isStopping: LiveGateway.StopFlag) {
    do {
        let producer = try Producer(brokers: brokers)
        let consumer = try Consumer(
            brokers: brokers,
            group: "answerer",
            settings: ["topic.metadata.refresh.interval.ms": "200"]
        )
        try consumer.subscribe(["conversation.events"])
        while !isStopping.isSet.load(ordering: .relaxed) {
            let batch = try consumer.poll(timeout: .milliseconds(50))
            for run in batch.runs {
                for index in run.range { try answer(batch[index], producer) }
            }
        }
        try consumer.close(deadline: .seconds(2))
    } catch {
        // The broker of a test went away; its gateway is what is looked at.
    }
}

private func answer(_ record: ConsumerRecord, _ producer: Producer) throws {
    let envelope = Envelope(
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        defaultType: "message.user"
    ) { body in record.forEachHeader { name, value in if let value { body(name, value) } } }
    guard envelope.type == "message.user", let value = record.value else { return }
    let message = try UserMessage(bytes: value)
    let (request, session) = (message.requestID ?? envelope.id, message.sessionID ?? "")
    func send(_ event: some EventPayload, _ index: Int) throws {
        let caused = envelope.caused(
            type: Swift.type(of: event).type,
            dataSchema: nil,
            processor: "answerer",
            index: index,
            time: 0
        )
        try producer.produce(
            topic: "conversation.events",
            key: Array(session.utf8),
            value: event.bytes,
            headers: caused.headers.map { (name: $0.name, value: $0.value) }
        )
    }
    guard message.content != "silence" else { return }
    let words = message.content.split(separator: " ").enumerated().map { $0 == 0 ? String($1) : " \($1)" }
    for (index, word) in words.enumerated() {
        try send(AssistantDelta(requestID: request, sessionID: session, index: Int64(index), content: word), index)
    }
    let usage = TokenUsage(promptTokens: 1, completionTokens: 1, totalTokens: 2, source: "counted")
    try send(
        AssistantFinal(
            requestID: request,
            sessionID: session,
            content: message.content,
            model: "local",
            finishReason: "stop",
            usage: usage
        ),
        words.count
    )
}

private func event(_ id: String) -> String {
    let data =
        #"{"tenant":"acme","action":"training.enabled","user":"u","recorded_at":"2026-01-01T00:00:00Z","details":{}}"#
    return #"{"specversion":"1.0","id":"\#(id)","source":"/t","type":"training.recorded","data":\#(data)}"#
}

private let structured = "application/cloudevents+json"
private let batch = "application/cloudevents-batch+json"

@Suite(.serialized) struct LiveTests {
    @Test func `turns stream through the log to whoever asked`() async throws {
        let live = try LiveGateway()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let stream = number % 2 == 0
                    let text = "say number \(number)"
                    let answer = try await live.post(
                        "/v1/chat/completions",
                        #"{"model":"local","stream":\#(stream),"messages":[{"role":"user","content":"\#(text)"}]}"#
                    )
                    #expect(answer.status == 200)
                    let response = Response(status: 200, body: answer.body)
                    if stream {
                        #expect(response.deltas.joined() == text)
                        #expect(response.frames.last == "[DONE]")
                    } else {
                        let choice = response.json?["choices"]?.array?.first
                        #expect(choice?["message"]?["content"]?.string == text)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(live.gateway.turns.count == 0)
        live.stop()
    }

    @Test func `partitions that are added are followed`() async throws {
        let live = try LiveGateway()
        try Admin(brokers: live.brokerAddress.description).createPartitions("conversation.events", total: 12)
        // Sessions spread over all partitions; those that only the new ones hold answer as soon as they are known.
        for number in 0..<60 {
            let answer = try await live.post(
                "/v1/chat/completions",
                #"{"model":"local","messages":[{"role":"user","content":"hello"}]}"#,
                headers: [("x-soma-session", "session-\(number)")]
            )
            #expect(answer.status == 200)
        }
        live.stop()
    }

    @Test func `202 means that the record is in the log`() async throws {
        let live = try LiveGateway()
        let one = try await live.post("/v1/events", event("e-1"), type: structured)
        #expect(one.status == 202)
        let many = (2...500).map { event("e-\($0)") }.joined(separator: ",")
        let all = try await live.post("/v1/events", "[\(many)]", type: batch)
        #expect(all.status == 202)
        let accepted = try JSON.parse(all.body)["accepted"]?.array ?? []
        #expect(accepted.map { $0["offset"]?.int64 } == (1...499).map { Int64($0) })
        #expect(try live.ids(in: "training.audit") == (1...500).map { "e-\($0)" })
        live.stop()
    }

    @Test func `a broker that is down is 503, and when it is back all goes on`() async throws {
        let live = try LiveGateway()
        #expect(try await live.post("/v1/events", event("before"), type: structured).status == 202)
        live.stopBroker()
        let down = try await live.post("/v1/events", event("down"), type: structured)
        #expect(down.status == 503)
        #expect(down.head.header("retry-after") != nil)
        let chat = try await live.post(
            "/v1/chat/completions",
            #"{"model":"local","messages":[{"role":"user","content":"silence"}]}"#
        )
        #expect(chat.status == 503)
        try live.startBroker()
        var status = 503
        for _ in 0..<10 where status == 503 {
            status = try await live.post("/v1/events", event("after"), type: structured).status
        }
        #expect(status == 202)
        let ids = try live.ids(in: "training.audit")
        #expect(ids.contains("before") && ids.contains("after"))
        live.stop()
    }

    @Test func `a client that asks for what nobody answers gets 504`() async throws {
        let live = try LiveGateway { $0.turnDeadlineMilliseconds = 300 }
        let answer = try await live.post(
            "/v1/chat/completions",
            #"{"model":"local","messages":[{"role":"user","content":"silence"}]}"#
        )
        #expect(answer.status == 504)
        live.stop()
    }

    @Test func `more records on their way than allowed are 503 at once`() async throws {
        let live = try LiveGateway { $0.recordsInFlightMax = 3 }
        let many = (1...4).map { event("e-\($0)") }.joined(separator: ",")
        #expect(try await live.post("/v1/events", "[\(many)]", type: batch).status == 503)
        #expect(try await live.post("/v1/events", event("e"), type: structured).status == 202)
        live.stop()
    }

    @Test func `a body over the server's limit is problem details`() async throws {
        let live = try LiveGateway { $0.server.bodyBytesMax = 1000 }
        let answer = try await live.post("/v1/events", String(repeating: " ", count: 2000), type: structured)
        #expect(answer.status == 413)
        #expect(answer.head.header("content-type") == "application/problem+json")
        live.stop()
    }
}
