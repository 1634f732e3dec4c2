import CommitLog
import Synchronization
import Telemetry

extension BrokerMetrics {
    /// Writes what the log counts itself, when someone asks.
    ///
    /// - Returns: The collector's number, to remove it with the broker.
    static func collectLog(_ directory: LogDirectory, _ registry: MetricsRegistry) -> Int {
        registry.addCollector { text in
            writeLog(
                directory.statistics,
                directory.inventory(),
                pendingBytes: directory.pendingBytes,
                cachedBytes: directory.cachedBytes,
                &text
            )
        }
    }

    static func writeLog(
        _ statistics: LogStatistics,
        _ inventory: LogInventory,
        pendingBytes: Int,
        cachedBytes: Int,
        _ text: inout PrometheusText
    ) {
        write(statistics, &text)
        write(inventory, &text)
        text.gauge("soma_broker_log_pending_bytes", "Bytes that wait for the disk.", pendingBytes)
        text.gauge("soma_broker_log_cached_bytes", "Bytes of recent batches in memory.", cachedBytes)
    }

    private static func write(_ statistics: LogStatistics, _ text: inout PrometheusText) {
        for (name, help, value) in [
            ("appended_bytes", "Bytes of record batches appended.", statistics.appendedBytes.load(ordering: .relaxed)),
            ("written_bytes", "Bytes written to segment files.", statistics.writtenBytes.load(ordering: .relaxed)),
            (
                "write_failures", "Writes to segment files that failed.",
                statistics.writeFailures.load(ordering: .relaxed)
            ),
            (
                "read_memory_bytes", "Bytes that readers got from memory.",
                statistics.readMemoryBytes.load(ordering: .relaxed)
            ),
            (
                "read_file_bytes", "Bytes that readers got from files.",
                statistics.readFileBytes.load(ordering: .relaxed)
            ),
            ("compactions", "Rounds of compaction.", statistics.cleanerRounds.load(ordering: .relaxed)),
            (
                "compaction_read_bytes", "Bytes of segments that compaction went over.",
                statistics.cleanerBytesBefore.load(ordering: .relaxed)
            ),
            (
                "compaction_kept_bytes", "Bytes that compaction left of them.",
                statistics.cleanerBytesAfter.load(ordering: .relaxed)
            ),
        ] {
            text.counter("soma_broker_log_\(name)_total", help, value)
        }
        text.family(
            "soma_broker_log_write_seconds",
            .histogram,
            "Time of one write to a segment file; with log.flush=always it is on disk then."
        )
        text.histogram("soma_broker_log_write_seconds", [], statistics.writeSeconds)
        text.family("soma_broker_log_sync_seconds", .histogram, "Time of one later sync of a segment file.")
        text.histogram("soma_broker_log_sync_seconds", [], statistics.syncSeconds)
    }

    private static func write(_ inventory: LogInventory, _ text: inout PrometheusText) {
        text.gauge("soma_broker_partitions", "Partitions.", inventory.partitions)
        text.gauge(
            "soma_broker_stopped_partitions",
            "Partitions that stand still: their files are damaged or cannot be written.",
            inventory.stoppedPartitions
        )
        text.gauge("soma_broker_log_segments", "Segment files.", inventory.segments)
        text.gauge("soma_broker_log_bytes", "Bytes of record batches kept.", Int(inventory.byteCount))
        text.gauge("soma_broker_producers", "Producers whose sequence numbers are kept.", inventory.producers)
        text.gauge(
            "soma_broker_open_transactions",
            "Transactions without a marker, counted in each partition they are in.",
            inventory.openTransactions
        )
    }
}

extension PrometheusText {
    fileprivate mutating func counter(_ name: String, _ help: String, _ value: Int) {
        family(name, .counter, help)
        sample(name, [], Int64(value))
    }

    fileprivate mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        family(name, .gauge, help)
        sample(name, [], Int64(value))
    }
}
