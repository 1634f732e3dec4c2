import Clocks
import Events
import Gateway
import HTTPServer
import JSON
import Schemas
import Synchronization
import Telemetry

/// The twin of the log: keeps records in memory and acknowledges them at once, or fails as a test says.
final class MemoryLog: EventLog {
    private struct State {
        var records: [OutgoingRecord] = []
        var failure: AppendError?
    }

    private let state = Mutex(State())

    var records: [OutgoingRecord] { state.withLock { $0.records } }

    func fail(with error: AppendError?) { state.withLock { $0.failure = error } }

    func append(
        _ records: [OutgoingRecord],
        completion: @escaping @Sendable (Result<[Placement], AppendError>) -> Void
    ) {
        let result: Result<[Placement], AppendError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            let first = state.records.count
            state.records += records
            return .success(
                records.enumerated().map { Placement(topic: $1.topic, partition: 0, offset: Int64(first + $0)) }
            )
        }
        completion(result)
    }
}

/// A gateway without sockets and without Kafka.
struct TestGateway {
    let log = MemoryLog()
    let clock = ManualClock()
    let gateway: HTTPGateway
    private let handler: Server.Handler

    static let keys: [(key: String, principal: Principal)] = [
        (key: "key-a", principal: Principal(tenant: "acme", subject: "ann")),
        (key: "key-b", principal: Principal(tenant: "other", subject: "bob")),
        (key: "key-c", principal: Principal(tenant: "acme", subject: "cat", eventTypes: ["message.user"])),
    ]

    init(
        change: (inout GatewaySettings) -> Void = { _ in },
        services: (inout GatewayServices) -> Void = { _ in }
    ) throws {
        var settings = GatewaySettings()
        change(&settings)
        var all = GatewayServices(
            keys: APIKeys(Self.keys),
            log: log,
            contracts: try ContractTable(),
            clock: .manual(clock),
            metrics: MetricsRegistry(),
            models: { [ModelListing(id: "local", ownedBy: "soma")] }
        )
        services(&all)
        gateway = HTTPGateway(settings: settings, services: all)
        handler = gateway.makeHandler()
    }

    @discardableResult
    func send(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        headers: [(String, String)] = [],
        key: String? = "key-a",
        body: String = "",
        isFromLoopback: Bool = true
    ) -> RecordedExchange {
        let authorization = key.map { [("authorization", "Bearer \($0)")] } ?? []
        return RecordedExchange.send(
            Request(
                method: method,
                path: path,
                query: query,
                headers: authorization + headers,
                body: Array(body.utf8),
                isFromLoopback: isFromLoopback
            ),
            to: handler
        )
    }

    func chat(_ body: String, headers: [(String, String)] = []) -> RecordedExchange {
        send("POST", "/v1/chat/completions", headers: headers, body: body)
    }

    func events(
        _ body: String,
        type: String = "application/cloudevents+json",
        key: String = "key-a"
    ) -> RecordedExchange {
        send("POST", "/v1/events", headers: [("content-type", type)], key: key, body: body)
    }

    /// Plays the turn's processors: hands an event to whoever waits for it.
    func play(_ event: some EventPayload, requestID: String, tenant: String = "acme") throws {
        try gateway.turns.play(
            type: Swift.type(of: event).type,
            value: event.bytes,
            tenant: tenant,
            requestID: requestID
        )
    }
}

extension Response {
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON? { try? JSON.parse(body) }

    /// The payloads of a stream's events.
    var frames: [String] {
        text.split(separator: "\n\n").compactMap { $0.hasPrefix("data: ") ? String($0.dropFirst(6)) : nil }
    }
    var chunks: [JSON] { frames.compactMap { try? JSON.parse($0) } }
    /// What the deltas of a stream say.
    var deltas: [String] {
        chunks.compactMap { $0["choices"]?.array?.first?["delta"]?["content"]?.string }
    }
}

extension OutgoingRecord {
    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
    var keyText: String { String(decoding: key, as: UTF8.self) }
    var message: UserMessage? { try? value.withUnsafeBytes { try UserMessage(bytes: $0) } }
}
