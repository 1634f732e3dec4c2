import Synchronization
import Telemetry

/// What is counted of one processor.
final class ProcessorMetrics: Sendable {
    let recordsIn: Counter
    let bytesIn: Counter
    let recordsOut: Counter
    let bytesOut: Counter
    let deadLettered: Counter
    let retries: Counter
    let rebalances: Counter
    let restarts: Counter
    let commits: Counter
    let processTime: Histogram
    let commitTime: Histogram
    let inFlight: Gauge
    let restoreRemaining: Gauge
    let partitions: Gauge
    private let registry: MetricsRegistry
    private let processor: String
    private let errors = Mutex<[String: Counter]>([:])

    /// Error codes come from processors; those beyond this many are counted as `other`.
    private static let codesMax = 32

    init(_ processor: String, _ registry: MetricsRegistry) {
        self.processor = processor
        self.registry = registry
        let labels: MetricsRegistry.Labels = [("processor", processor)]
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("soma_processor_\(name)_total", help, labels)
        }
        recordsIn = counter("records_in", "Records processed.")
        bytesIn = counter("bytes_in", "Bytes of keys and values processed.")
        recordsOut = counter("records_out", "Records written, dead letters and changelogs included.")
        bytesOut = counter("bytes_out", "Bytes of keys and values written.")
        deadLettered = counter("dead_lettered", "Records that went to a dead-letter topic.")
        retries = counter("retries", "Records tried again after a transient failure.")
        rebalances = counter("rebalances", "Changes of the partitions assigned.")
        restarts = counter("restarts", "Starts after a failure of the instance.")
        commits = counter("commits", "Commits of positions.")
        processTime = registry.histogram(
            "soma_processor_process_seconds",
            "Time to process one record, retries included; an average per poll.",
            labels
        )
        commitTime = registry.histogram(
            "soma_processor_commit_seconds",
            "Time to commit positions.",
            labels
        )
        inFlight = registry.gauge("soma_processor_in_flight", "Records being worked on by outside calls.", labels)
        restoreRemaining = registry.gauge(
            "soma_processor_restore_remaining_records",
            "Changelog records still to be restored.",
            labels
        )
        partitions = registry.gauge(
            "soma_processor_assigned_partitions",
            "Partitions assigned to this process.",
            labels
        )
    }

    func failed(_ code: String) {
        let counter = errors.withLock { errors in
            if let found = errors[code] { return found }
            let label = errors.count < Self.codesMax ? code : "other"
            let made = registry.counter(
                "soma_processor_errors_total",
                "Failed tries by error code.",
                [("processor", processor), ("code", label)]
            )
            errors[code == label ? code : "other"] = made
            return made
        }
        counter.add()
    }
}
