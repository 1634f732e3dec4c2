import CommitLog
import Telemetry

/// Which metrics a broker has, for the reference.
package enum BrokerMetricsText {
    package struct Family: Equatable, Sendable {
        package let name: String
        package let kind: String
        package let labels: [String]
        package let help: String
    }

    /// All families, as a broker names them that has not run yet.
    package static func families() -> [Family] {
        let registry = MetricsRegistry()
        _ = BrokerMetrics(registry)
        _ = QuotaMetrics(registry)
        var text = PrometheusText()
        BrokerMetrics.writeLog(LogStatistics(), LogInventory(), pendingBytes: 0, cachedBytes: 0, &text)
        return read(registry.prometheusText() + text.text)
    }

    private static func read(_ text: String) -> [Family] {
        var families: [Family] = []
        var help = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP"), words.count == 4 {
                help = String(words[3])
            } else if line.hasPrefix("# TYPE"), words.count == 4 {
                families.append(Family(name: String(words[2]), kind: String(words[3]), labels: [], help: help))
            } else if let last = families.last, last.labels.isEmpty {
                let labels = labels(of: line).filter { $0 != "le" }
                families[families.count - 1] = Family(name: last.name, kind: last.kind, labels: labels, help: last.help)
            }
        }
        return families
    }

    /// The label names of a sample; none of ours has a comma or an equals sign in a value.
    private static func labels(of sample: Substring) -> [String] {
        guard let open = sample.firstIndex(of: "{"), let close = sample.lastIndex(of: "}") else { return [] }
        return sample[sample.index(after: open)..<close].split(separator: ",").compactMap {
            $0.split(separator: "=").first.map(String.init)
        }
    }
}
