import Clocks
import Events
import HTTPServer
import Telemetry

/// One request with what its answer needs: its id, who sent it, and the counters of its route.
final class Call: Sendable {
    let request: Request
    let principal: Principal
    /// The client's own `x-request-id`, or a new UUIDv7.
    let requestID: String
    let responder: Responder
    private let route: RouteMetrics
    private let clock: Clock
    private let startNanoseconds: Int64

    init(
        request: Request,
        principal: Principal,
        requestID: String,
        responder: Responder,
        route: RouteMetrics,
        clock: Clock
    ) {
        self.request = request
        self.principal = principal
        self.requestID = requestID
        self.responder = responder
        self.route = route
        self.clock = clock
        startNanoseconds = clock.monotonicNanoseconds
    }

    func respond(_ response: Response) {
        var response = response
        response.headers.append((name: "x-request-id", value: requestID))
        count(status: response.status)
        responder.respond(response)
    }

    func stream(headers: [(String, String)]) -> ResponseStream? {
        count(status: 200)
        return responder.stream(headers: headers + [("x-request-id", requestID)])
    }

    /// Counts an answer that goes to nobody.
    func abandon() { count(status: 499) }

    private func count(status: Int) {
        route.observe(status: status, nanoseconds: clock.monotonicNanoseconds - startNanoseconds)
    }
}

/// Counters of one route.
final class RouteMetrics: Sendable {
    private let registry: MetricsRegistry
    private let route: String
    private let seconds: Histogram
    private let accepted: Counter

    init(_ route: String, _ registry: MetricsRegistry) {
        self.route = route
        self.registry = registry
        seconds = registry.histogram(
            "soma_gateway_request_seconds",
            "Time from the whole request to the first byte of its answer.",
            [("route", route)]
        )
        accepted = Self.counter(registry, route, "2xx")
    }

    func observe(status: Int, nanoseconds: Int64) {
        seconds.observe(nanoseconds: nanoseconds)
        // Looking a counter up takes a lock; only the common case is kept at hand.
        let counter = status < 300 ? accepted : Self.counter(registry, route, "\(status / 100)xx")
        counter.add()
    }

    private static func counter(_ registry: MetricsRegistry, _ route: String, _ status: String) -> Counter {
        registry.counter(
            "soma_gateway_requests_total",
            "Requests answered, by class of status.",
            [("route", route), ("status", status)]
        )
    }
}
