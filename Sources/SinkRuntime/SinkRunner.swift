import RdKafka
import Synchronization
import Telemetry

/// Runs one sink as a member of its consumer group, on a thread of its own; starts it again after a failure.
package final class SinkRunner: Sendable {
    /// What the sink is doing.
    package struct Status: Sendable {
        package enum State: String, Sendable { case created, starting, running, backingOff, stopping, stopped }

        package internal(set) var state = State.created
        package internal(set) var partitions: [String] = []
        package internal(set) var restarts = 0
        package internal(set) var lastError: String?
    }

    final class StatusBox: Sendable {
        private let value = Mutex(Status())
        var current: Status { value.withLock { $0 } }
        func update(_ change: @Sendable (inout Status) -> Void) { value.withLock { change(&$0) } }
    }

    package let definition: SinkDefinition
    private let brokers: String
    private let settings: SinkSettings
    private let signal = StopSignal()
    private let shared = StatusBox()
    private let thread = Mutex<OwnThread?>(nil)

    package init(_ definition: SinkDefinition, brokers: String, settings: SinkSettings = SinkSettings()) {
        self.definition = definition
        self.brokers = brokers
        self.settings = settings
    }

    deinit {
        signal.set()
        thread.withLock { $0 }?.join()
    }

    package var status: Status { shared.current }

    /// Whether it is assigned and writes.
    package var isReady: Bool { status.state == .running }

    /// Starts the thread; a second call does nothing.
    package func start() {
        thread.withLock { thread in
            guard thread == nil, !signal.isSet else { return }
            let (definition, brokers, settings) = (definition, brokers, settings)
            let (signal, shared) = (signal, shared)
            thread = OwnThread(name: definition.name) {
                Self.supervise(definition, brokers, settings, signal, shared)
            }
        }
    }

    /// Asks it to stop and returns at once.
    package func requestStop() { signal.set() }

    /// Stops: writes what it holds, leaves the group.
    ///
    /// Blocks.
    package func stop() {
        signal.set()
        thread.withLock { $0 }?.join()
        shared.update { $0.state = .stopped }
    }

    private static func supervise(
        _ definition: SinkDefinition,
        _ brokers: String,
        _ settings: SinkSettings,
        _ stop: StopSignal,
        _ status: StatusBox
    ) {
        let log = Logger(definition.name, sink: settings.logSink)
        let metrics = SinkMetrics(definition.name, settings.metrics)
        var backoff = settings.restartBackoff
        while !stop.isSet {
            let began = ContinuousClock.now
            status.update { $0.state = .starting }
            do {
                try SinkInstance(definition, brokers, settings, metrics, log, stop, status).run()
            } catch {
                let reason = "\(error)"
                if ContinuousClock.now - began > .seconds(30) { backoff = settings.restartBackoff }
                metrics.restarts.add()
                status.update {
                    $0.state = .backingOff
                    $0.partitions = []
                    $0.restarts += 1
                    $0.lastError = reason
                }
                log.error("failed and starts again", ["reason": .value(reason), "pause": .value("\(backoff)")])
                stop.wait(backoff)
                backoff = min(backoff * 2, settings.restartBackoffMax)
            }
        }
        status.update {
            $0.state = .stopped
            $0.partitions = []
        }
    }
}

/// What is counted of one sink.
struct SinkMetrics: Sendable {
    let records: Counter
    let bytes: Counter
    let batches: Counter
    let retries: Counter
    let deadLettered: Counter
    let restarts: Counter
    let rebalances: Counter
    let writeTime: Histogram

    init(_ sink: String, _ registry: MetricsRegistry) {
        let labels: MetricsRegistry.Labels = [("sink", sink)]
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("soma_sink_\(name)_total", help, labels)
        }
        records = counter("records", "Records stored.")
        bytes = counter("bytes", "Bytes of keys and values stored.")
        batches = counter("batches", "Batches stored.")
        retries = counter("retries", "Batches tried again after a transient failure.")
        deadLettered = counter("dead_lettered", "Records that went to a dead-letter topic.")
        restarts = counter("restarts", "Starts after a failure of the instance.")
        rebalances = counter("rebalances", "Changes of the partitions assigned.")
        writeTime = registry.histogram("soma_sink_write_seconds", "Time to store a batch.", labels)
    }
}
