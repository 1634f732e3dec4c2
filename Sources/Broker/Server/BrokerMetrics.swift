import CommitLog
import EventLoop
import KafkaProtocol
import Synchronization
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
    private let apis: [APIKey: API]

    init(_ registry: MetricsRegistry) {
        server = ServerMetrics(registry, prefix: "soma_broker")
        producedBytes = registry.counter("soma_broker_produced_bytes_total", "Bytes of record batches taken.")
        producedBatches = registry.counter("soma_broker_produced_partitions_total", "Partition appends taken.")
        produceErrors = registry.counter("soma_broker_produce_errors_total", "Partition appends refused or lost.")
        fetchedBytes = registry.counter("soma_broker_fetched_bytes_total", "Bytes of record batches answered.")
        loginsTaken = registry.counter("soma_broker_logins_total", "Logins by SASL.", [("outcome", "taken")])
        loginsRefused = registry.counter("soma_broker_logins_total", "Logins by SASL.", [("outcome", "refused")])
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

extension BrokerMetrics {
    /// Writes what the log counts itself, when someone asks.
    ///
    /// - Returns: The collector's number, to remove it with the broker.
    static func collectLog(_ directory: LogDirectory, _ registry: MetricsRegistry) -> Int {
        registry.addCollector { text in
            let statistics = directory.statistics
            func counter(_ name: String, _ help: String, _ value: Int) {
                text.family(name, .counter, help)
                text.sample(name, [], Int64(value))
            }
            func gauge(_ name: String, _ help: String, _ value: Int) {
                text.family(name, .gauge, help)
                text.sample(name, [], Int64(value))
            }
            counter(
                "soma_broker_log_writes_total",
                "Writes to segment files.",
                statistics.writes.load(ordering: .relaxed)
            )
            counter(
                "soma_broker_log_written_bytes_total",
                "Bytes written to segment files.",
                statistics.writtenBytes.load(ordering: .relaxed)
            )
            counter(
                "soma_broker_log_write_failures_total",
                "Writes to segment files that failed.",
                statistics.writeFailures.load(ordering: .relaxed)
            )
            counter(
                "soma_broker_log_read_memory_bytes_total",
                "Bytes that readers got from memory.",
                statistics.readMemoryBytes.load(ordering: .relaxed)
            )
            counter(
                "soma_broker_log_read_file_bytes_total",
                "Bytes that readers got from files.",
                statistics.readFileBytes.load(ordering: .relaxed)
            )
            text.family("soma_broker_log_write_seconds_total", .counter, "Time spent in writes to segment files.")
            text.sample(
                "soma_broker_log_write_seconds_total",
                [],
                Double(statistics.writeNanoseconds.load(ordering: .relaxed)) / 1e9
            )
            gauge("soma_broker_log_pending_bytes", "Bytes that wait for the disk.", directory.pendingBytes)
            gauge("soma_broker_log_cached_bytes", "Bytes of recent batches in memory.", directory.cachedBytes)
        }
    }
}
