package import Telemetry

/// What a server counts.
package struct ServerMetrics: Sendable {
    package let bytesIn: Counter
    package let bytesOut: Counter
    package let connections: Gauge
    package let accepted: Counter
    /// Connections that we closed because of what the peer did.
    package let faults: Counter

    /// `prefix`: begins each name, such as `soma_broker`.
    package init(_ registry: MetricsRegistry, prefix: String) {
        bytesIn = registry.counter("\(prefix)_received_bytes_total", "Bytes read from clients.")
        bytesOut = registry.counter("\(prefix)_sent_bytes_total", "Bytes written to clients.")
        connections = registry.gauge("\(prefix)_connections", "Open connections.")
        accepted = registry.counter("\(prefix)_accepted_connections_total", "Connections accepted.")
        faults = registry.counter("\(prefix)_refused_connections_total", "Connections closed for what the peer did.")
    }
}
