/// Writes the Prometheus text exposition format 0.0.4.
package struct PrometheusText: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, histogram, untyped }

    package private(set) var text = ""

    package init() {}

    /// Begins a family; its samples follow at once.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escape(help, quote: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    package mutating func sample(_ name: String, _ labels: MetricsRegistry.Labels, _ value: Double) {
        sample(name, rendered: Self.labels(labels), Self.number(value))
    }

    package mutating func sample(_ name: String, _ labels: MetricsRegistry.Labels, _ value: Int64) {
        sample(name, rendered: Self.labels(labels), String(value))
    }

    mutating func sample(_ name: String, rendered labels: String, _ value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    package mutating func histogram(_ name: String, _ labels: MetricsRegistry.Labels, _ histogram: Histogram) {
        self.histogram(name, rendered: Self.labels(labels), histogram)
    }

    mutating func histogram(_ name: String, rendered labels: String, _ histogram: Histogram) {
        let (counts, sum) = histogram.snapshot
        let comma = labels.isEmpty ? "" : ","
        var cumulative: Int64 = 0
        for (index, count) in counts.enumerated() {
            cumulative += count
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            text += "\(name)_bucket{\(labels)\(comma)le=\"\(bound)\"} \(cumulative)\n"
        }
        sample("\(name)_sum", rendered: labels, Self.number(sum))
        sample("\(name)_count", rendered: labels, String(cumulative))
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    static func labels(_ labels: MetricsRegistry.Labels) -> String {
        labels.map { "\($0.0)=\"\(escape($0.1, quote: true))\"" }.joined(separator: ",")
    }

    private static func escape(_ value: String, quote: Bool) -> String {
        var out = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quote: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
