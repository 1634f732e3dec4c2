private import Broker
private import HTTPServer
package import Telemetry

/// The small HTTP server of a broker that runs alone: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever
/// restarts it.
package final class MetricsPart: Sendable {
    private let server: Server
    /// Where it is served.
    package let url: String

    /// Serves on an address such as `127.0.0.1:9100`; nil for an empty one.
    ///
    /// Start it behind what it tells of: who gets an answer may use the broker.
    package static func start(_ address: String, registry: MetricsRegistry = .standard) throws -> MetricsPart? {
        guard let address = BrokerSettings.Address(address) else { return nil }
        return try MetricsPart(host: address.host.isEmpty ? "0.0.0.0" : address.host, address.port, registry)
    }

    private init(host: String, _ port: UInt16, _ registry: MetricsRegistry) throws {
        var settings = ServerSettings()
        settings.address = host
        settings.port = port
        settings.threads = 1
        settings.connectionsMax = 64
        settings.bodyBytesMax = 4096
        var routes = Routes { _, status, _ in
            .text(status: status, "there are /metrics, /healthz and /readyz\n")
        }
        routes.add("GET", "/metrics") { _, _, responder in
            responder.respond(
                Response(
                    status: 200,
                    contentType: "text/plain; version=0.0.4; charset=utf-8",
                    body: Array(registry.prometheusText().utf8)
                )
            )
        }
        for path in ["/healthz", "/readyz"] {
            routes.add("GET", path) { _, _, responder in responder.respond(.text("ok\n")) }
        }
        let table = routes
        server = try Server(settings) { table.handle($0, $1) }
        url = "http://\(host.contains(":") ? "[\(host)]" : host):\(server.port)"
    }

    package func stop() { server.stop(graceMilliseconds: 500) }
}
