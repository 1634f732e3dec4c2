private import Synchronization

/// The metrics of a process by name and labels, and their Prometheus text.
///
/// Look a metric up once and keep it: looking up takes a lock, counting does not. Label values come from bounded sets.
package final class MetricsRegistry: Sendable {
    /// The registry of the process.
    package static let standard = MetricsRegistry()

    /// Label names and values; the order given is the order written.
    package typealias Labels = [(String, String)]

    /// A callback that writes families whose values live elsewhere, such as consumer lag, when someone asks.
    package typealias Collector = @Sendable (inout PrometheusText) -> Void

    private enum Metric {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    private struct Family {
        var help: String
        var series: [(labels: String, metric: Metric)] = []
    }

    private struct State {
        var order: [String] = []
        var families: [String: Family] = [:]
        var collectors: [Int: Collector] = [:]
        var nextCollector = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The counter of that name and labels, made on the first call; names end in `_total`.
    package func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        guard case .counter(let found) = metric(name, help, labels, { .counter(Counter()) }) else {
            preconditionFailure("metric \(name) exists and is not a counter")
        }
        return found
    }

    package func gauge(_ name: String, _ help: String, _ labels: Labels = []) -> Gauge {
        guard case .gauge(let found) = metric(name, help, labels, { .gauge(Gauge()) }) else {
            preconditionFailure("metric \(name) exists and is not a gauge")
        }
        return found
    }

    /// The histogram of that name and labels; names end in `_seconds`.
    package func histogram(
        _ name: String,
        _ help: String,
        _ labels: Labels = [],
        bounds: [Double] = Histogram.latencyBounds
    ) -> Histogram {
        guard case .histogram(let found) = metric(name, help, labels, { .histogram(Histogram(bounds: bounds)) }) else {
            preconditionFailure("metric \(name) exists and is not a histogram")
        }
        return found
    }

    /// Adds a collector; give the number to `removeCollector` when its owner ends.
    package func addCollector(_ collector: @escaping Collector) -> Int {
        state.withLock {
            let number = $0.nextCollector
            $0.nextCollector += 1
            $0.collectors[number] = collector
            return number
        }
    }

    package func removeCollector(_ number: Int) {
        state.withLock { _ = $0.collectors.removeValue(forKey: number) }
    }

    /// All metrics in the Prometheus text format 0.0.4.
    package func prometheusText() -> String {
        let (families, collectors) = state.withLock { state in
            (
                state.order.compactMap { name in state.families[name].map { (name, $0) } },
                state.collectors.sorted { $0.key < $1.key }.map(\.value)
            )
        }
        var text = PrometheusText()
        for (name, family) in families {
            for (index, series) in family.series.enumerated() {
                switch series.metric {
                case .counter(let counter):
                    if index == 0 { text.family(name, .counter, family.help) }
                    text.sample(name, rendered: series.labels, String(counter.value))
                case .gauge(let gauge):
                    if index == 0 { text.family(name, .gauge, family.help) }
                    text.sample(name, rendered: series.labels, PrometheusText.number(gauge.value))
                case .histogram(let histogram):
                    if index == 0 { text.family(name, .histogram, family.help) }
                    text.histogram(name, rendered: series.labels, histogram)
                }
            }
        }
        for collector in collectors { collector(&text) }
        return text.text
    }

    private func metric(_ name: String, _ help: String, _ labels: Labels, _ make: () -> Metric) -> Metric {
        let rendered = PrometheusText.labels(labels)
        return state.withLock { state in
            if state.families[name] == nil {
                state.families[name] = Family(help: help)
                state.order.append(name)
            }
            if let found = state.families[name]?.series.first(where: { $0.labels == rendered }) { return found.metric }
            let made = make()
            state.families[name]?.series.append((rendered, made))
            return made
        }
    }
}
