import EventLoop
import KafkaProtocol
import Telemetry

/// What the broker counts, looked up once.
final class BrokerMetrics: Sendable {
    /// Of one API key.
    struct API: Sendable {
        let requests: Counter
        let seconds: Histogram
    }

    let server: ServerMetrics
    let producedBytes: Counter
    let producedBatches: Counter
    let fetchedBytes: Counter
    let produceErrors: Counter
    let loginsTaken: Counter
    let loginsRefused: Counter
    let groups: GroupMetrics
    private let apis: [APIKey: API]

    init(_ registry: MetricsRegistry) {
        server = ServerMetrics(registry, prefix: "soma_broker")
        producedBytes = registry.counter("soma_broker_produced_bytes_total", "Bytes of record batches taken.")
        producedBatches = registry.counter("soma_broker_produced_partitions_total", "Partition appends taken.")
        produceErrors = registry.counter("soma_broker_produce_errors_total", "Partition appends refused or lost.")
        fetchedBytes = registry.counter("soma_broker_fetched_bytes_total", "Bytes of record batches answered.")
        loginsTaken = registry.counter("soma_broker_logins_total", "Logins by SASL.", [("outcome", "taken")])
        loginsRefused = registry.counter("soma_broker_logins_total", "Logins by SASL.", [("outcome", "refused")])
        groups = GroupMetrics(registry)
        var apis: [APIKey: API] = [:]
        for key in APIKey.allCases {
            apis[key] = API(
                requests: registry.counter("soma_broker_requests_total", "Requests read.", [("api", key.name)]),
                seconds: registry.histogram(
                    "soma_broker_request_seconds",
                    "Time from request to answer.",
                    [("api", key.name)]
                )
            )
        }
        self.apis = apis
    }

    func api(_ key: APIKey) -> API? { apis[key] }
}
