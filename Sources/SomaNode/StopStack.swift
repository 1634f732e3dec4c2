private import Synchronization
private import Telemetry

/// What was started, to be stopped in reverse.
package final class StopStack: Sendable {
    private typealias Entry = (name: String, stop: @Sendable () -> Void)

    private let entries = Mutex<[Entry]>([])
    private static let log = Logger("node")

    package init() {}

    package func add(_ name: String, _ stop: @escaping @Sendable () -> Void) {
        entries.withLock { $0.append((name, stop)) }
    }

    /// Stops everything, the last first; a second call does nothing.
    package func stopAll() {
        while let entry = entries.withLock({ $0.popLast() }) {
            let begin = ContinuousClock.now
            entry.stop()
            Self.log.info("stopped", ["part": .value(entry.name), "took": .value("\(ContinuousClock.now - begin)")])
        }
    }
}
