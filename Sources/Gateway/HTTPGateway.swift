import Clocks
package import HTTPServer
import Synchronization
import Telemetry

/// The only way in: authenticates, checks, stamps ids, produces, and follows what comes of it.
///
/// Holds no business logic: everything it needs comes with `GatewayServices`.
package final class HTTPGateway: Sendable {
    private static let log = Logger("gateway")

    /// The chat requests that wait; a `TurnFeed` brings their events.
    package let turns: TurnTable
    private let settings: GatewaySettings
    private let services: GatewayServices
    private let ids: IdentifierSource
    private let reads = ReadPool(threads: 2)
    private let isStopping = Atomic<Bool>(false)
    private let running = Mutex<(server: Server?, feed: TurnFeed?)>((nil, nil))

    package init(settings: GatewaySettings, services: GatewayServices) {
        self.settings = settings
        self.services = services
        turns = TurnTable(turnsMax: settings.turnsMax)
        ids = IdentifierSource(clock: services.clock)
    }

    /// Follows the log, then listens: the first request accepted can already be answered.
    ///
    /// - Returns: The port that is listened on.
    /// - Throws: What the feed or the server cannot get.
    package func start(following feed: TurnFeed, deadline: Duration = .seconds(30)) throws -> UInt16 {
        try feed.start(deadline: deadline)
        running.withLock { $0.feed = feed }
        let handle = makeHandler()
        let server = try Server(settings.server, refuse: { ErrorAnswers.forPath($0, $1, $2) }, handler: handle)
        running.withLock { $0.server = server }
        Self.log.info("listening", ["address": .value("\(server.address):\(server.port)")])
        return server.port
    }

    /// Refuses new requests, gives those that wait a while to end, then stops; blocks.
    package func stop(graceMilliseconds: Int64) {
        isStopping.store(true, ordering: .relaxed)
        let deadline = services.clock.monotonicMilliseconds + graceMilliseconds
        while turns.count > 0, services.clock.monotonicMilliseconds < deadline { pauseBriefly() }
        let (server, feed) = running.withLock { running in
            defer { running = (nil, nil) }
            return running
        }
        feed?.stop()
        turns.endAll()
        reads.stop()
        // What was written last still has to leave.
        server?.stop(graceMilliseconds: 300)
    }

    package var isFollowing: Bool { running.withLock { $0.feed?.isReady ?? false } }

    /// The routes as a closure; tests give it requests without a socket.
    package func makeHandler() -> Server.Handler {
        let routes = makeRoutes()
        return { request, responder in routes.handle(request, responder) }
    }

    private func makeRoutes() -> Routes {
        let chat = ChatHandler(settings: settings, services: services, table: turns, ids: ids)
        let events = EventsHandler(settings: settings, services: services)
        let models = ModelsHandler(models: services.models)
        let views = ViewsHandler(services: services, turns: turns, reads: reads) { [weak self] in
            self?.isFollowing ?? false
        }
        var routes = Routes { request, status, allowed in
            let reason =
                status == 404
                ? "There is no route \(request.path.prefix(200))."
                : "\(request.path.prefix(200)) takes \(allowed.joined(separator: ", "))."
            return ErrorAnswers.forPath(request.path, status, reason)
        }
        add("POST", "/v1/chat/completions", .key, to: &routes) { call, _ in chat.handle(call) }
        add("GET", "/v1/models", .key, to: &routes) { call, _ in models.list(call) }
        add("GET", "/v1/models/*", .key, to: &routes) { call, id in models.show(call, id) }
        add("POST", "/v1/events", .key, to: &routes) { call, _ in events.handle(call) }
        add("GET", "/v1/memory/search", .key, to: &routes) { call, _ in views.searchMemory(call) }
        add("GET", "/v1/billing/usage", .key, to: &routes) { call, _ in views.usage(call) }
        add("GET", "/v1/lag", .console, to: &routes) { call, _ in views.lag(call) }
        add("GET", "/v1/topics", .console, to: &routes) { call, _ in views.topics(call) }
        add("GET", "/metrics", .console, to: &routes) { call, _ in views.metrics(call) }
        add("GET", "/healthz", .open, to: &routes) { call, _ in views.health(call) }
        add("GET", "/readyz", .open, to: &routes) { call, _ in views.ready(call) }
        if settings.servesConsole {
            add("GET", "/", .console, to: &routes) { call, _ in call.respond(ConsolePage.response) }
        }
        return routes
    }

    private func add(
        _ method: String,
        _ path: String,
        _ access: Access,
        to routes: inout Routes,
        _ handle: @escaping @Sendable (Call, _ rest: String) -> Void
    ) {
        let metrics = RouteMetrics(path, services.metrics)
        let gate = AccessGate(keys: services.keys, opensConsoleOnLoopback: settings.opensConsoleOnLoopback)
        routes.add(method, path) { [self] request, rest, responder in
            switch gate.admit(request, access) {
            case .refused(let response):
                metrics.observe(status: response.status, nanoseconds: 0)
                responder.respond(response)
            case .admitted(let principal):
                guard let requestID = ids.requestID(of: request, tenant: principal.tenant) else {
                    responder.respond(
                        ErrorAnswers.forPath(
                            path,
                            400,
                            "x-request-id and idempotency-key have 1 to 256 bytes without control characters."
                        )
                    )
                    return
                }
                let call = Call(
                    request: request,
                    principal: principal,
                    requestID: requestID,
                    responder: responder,
                    route: metrics,
                    clock: services.clock
                )
                guard !isStopping.load(ordering: .relaxed) else {
                    call.respond(ErrorAnswers.forPath(path, 503, "The gateway is stopping.", retryAfter: 5))
                    return
                }
                handle(call, rest)
            }
        }
    }
}
