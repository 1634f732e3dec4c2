package import Clocks
import RdKafka
import Synchronization
package import Telemetry

/// Measures lag every few seconds on a thread of its own, which lives when processing is stuck; gives the last
/// measurement to whoever asks.
package final class LagMonitor: Sendable {
    private let brokers: String
    private let interval: Duration
    private let clock: Clock
    private let signal = StopSignal()
    private let shared = Shared()
    private let thread = Mutex<OwnThread?>(nil)
    private let registry: MetricsRegistry?
    private let collector: Int

    private final class Shared: Sendable {
        let snapshot = Mutex(LagSnapshot.empty)
    }

    /// `metrics`: Where the Prometheus lines appear; nil is nowhere.
    package init(
        brokers: String,
        interval: Duration = .seconds(2),
        clock: Clock = .system,
        metrics: MetricsRegistry? = .standard
    ) {
        self.brokers = brokers
        self.interval = interval
        self.clock = clock
        registry = metrics
        let shared = shared
        collector = metrics?.addCollector { text in shared.snapshot.withLock { $0 }.write(to: &text) } ?? 0
    }

    deinit {
        registry?.removeCollector(collector)
        signal.set()
        thread.withLock { $0 }?.join()
    }

    /// The last measurement; `time` is 0 before the first.
    package var snapshot: LagSnapshot { shared.snapshot.withLock { $0 } }

    /// Starts the thread; a second call does nothing.
    package func start() {
        thread.withLock { thread in
            guard thread == nil, !signal.isSet else { return }
            let (brokers, interval, clock, signal, shared) = (brokers, interval, clock, signal, shared)
            thread = OwnThread(name: "lag") { Self.run(brokers, interval, clock, signal, shared) }
        }
    }

    package func requestStop() { signal.set() }

    /// Stops the thread; blocks for the rest of a measurement.
    package func stop() {
        signal.set()
        thread.withLock { $0 }?.join()
    }

    private static func run(
        _ brokers: String,
        _ interval: Duration,
        _ clock: Clock,
        _ stop: StopSignal,
        _ shared: Shared
    ) {
        let log = Logger("lag")
        var meter: LagMeter?
        while !stop.isSet {
            let began = ContinuousClock.now
            do {
                let current = try meter ?? LagMeter(brokers: brokers, clock: clock)
                meter = current
                let measured = try current.measure()
                shared.snapshot.withLock { $0 = measured }
            } catch {
                let reason = "\(error)"
                let isNew = shared.snapshot.withLock { snapshot in
                    defer { snapshot.failure = reason }
                    return snapshot.failure == nil
                }
                if isNew && !stop.isSet { log.warning("lag is not known", ["reason": .value(reason)]) }
            }
            stop.wait(max(.milliseconds(100), interval - (ContinuousClock.now - began)))
        }
    }
}
