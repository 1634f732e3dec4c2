import RdKafka
import Synchronization
import Telemetry

/// Runs one processor as a member of its consumer group, on a thread of its own.
///
/// An instance that fails starts again with backoff; it never takes another processor down. Run as many instances, in
/// as many processes, as the inputs have partitions.
public final class ProcessorRuntime: Sendable {
    /// What it runs.
    public let definition: ProcessorDefinition
    private let brokers: String
    private let settings: RuntimeSettings
    private let signal = StopSignal()
    private let shared: StatusBox
    private let thread = Mutex<OwnThread?>(nil)

    /// A status that the processor's thread writes and others read.
    final class StatusBox: Sendable {
        private let value = Mutex(RuntimeStatus())
        var current: RuntimeStatus { value.withLock { $0 } }
        func update(_ change: @Sendable (inout RuntimeStatus) -> Void) { value.withLock { change(&$0) } }
    }

    /// Makes a runtime; nothing happens before `start`.
    ///
    /// - Parameters:
    ///   - definition: What to run.
    ///   - brokers: `host:port,host:port`.
    ///   - settings: What belongs to the place.
    public init(_ definition: ProcessorDefinition, brokers: String, settings: RuntimeSettings = RuntimeSettings()) {
        self.definition = definition
        self.brokers = brokers
        self.settings = settings
        shared = StatusBox()
    }

    deinit {
        signal.set()
        thread.withLock { $0 }?.join()
    }

    /// What it is doing.
    public var status: RuntimeStatus { shared.current }

    /// Whether it is assigned, restored and processing.
    public var isReady: Bool { status.state == .running }

    /// Starts the thread; a second call does nothing.
    public func start() {
        thread.withLock { thread in
            guard thread == nil, !signal.isSet else { return }
            let supervisor = Supervisor(definition, brokers, settings, signal, shared)
            thread = OwnThread(name: definition.name) { supervisor.run() }
        }
    }

    /// Asks it to stop and returns at once; for stopping many together before waiting for each with `stop`.
    public func requestStop() { signal.set() }

    /// Stops: finishes the record in work, writes, commits, leaves the group.
    ///
    /// Blocks for about a second at most when the broker answers.
    public func stop() {
        signal.set()
        thread.withLock { $0 }?.join()
        shared.update { $0.state = .stopped }
    }
}

/// Starts an instance again after it failed.
private struct Supervisor: Sendable {
    let definition: ProcessorDefinition
    let brokers: String
    let settings: RuntimeSettings
    let stop: StopSignal
    let status: ProcessorRuntime.StatusBox

    init(
        _ definition: ProcessorDefinition,
        _ brokers: String,
        _ settings: RuntimeSettings,
        _ stop: StopSignal,
        _ status: ProcessorRuntime.StatusBox
    ) {
        self.definition = definition
        self.brokers = brokers
        self.settings = settings
        self.stop = stop
        self.status = status
    }

    /// After running so long an instance counts as healthy and the backoff begins anew.
    private static let healthyAfter = Duration.seconds(30)

    func run() {
        let log = Logger(definition.name, sink: settings.logSink)
        let metrics = ProcessorMetrics(definition.name, settings.metrics)
        var backoff = settings.restartBackoff
        while !stop.isSet {
            let began = ContinuousClock.now
            status.update {
                $0.state = .starting
                $0.partitions = []
            }
            do {
                try runInstance(metrics, log)
            } catch {
                let reason = "\(error)"
                if ContinuousClock.now - began > Self.healthyAfter { backoff = settings.restartBackoff }
                metrics.failed((error as? KafkaError)?.name ?? (error as? ProcessingError)?.code ?? "instance_failed")
                metrics.restarts.add()
                metrics.partitions.set(0)
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
        metrics.partitions.set(0)
        status.update {
            $0.state = .stopped
            $0.partitions = []
        }
    }

    private func runInstance(_ metrics: ProcessorMetrics, _ log: Logger) throws {
        let core = try InstanceCore(definition, brokers, settings, metrics, log, stop, status)
        switch definition.kind {
        case .processor(let make): try TaskInstance(core, make).run()
        case .async(let limits, let make): try CallInstance(core, limits, try make()).run()
        }
    }
}
