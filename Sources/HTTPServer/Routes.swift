/// Which handler serves which method and path.
package struct Routes: Sendable {
    /// Answers a request; must not block, since it runs on a thread that serves many connections.
    package typealias Handler = @Sendable (_ request: Request, _ rest: String, _ responder: Responder) -> Void

    /// What answers when no route fits: the request, 404 or 405, and the methods that the path does have.
    package typealias Fallback = @Sendable (_ request: Request, _ status: Int, _ allowed: [String]) -> Response

    private var exact: [String: [String: Handler]] = [:]
    private var prefixes: [(prefix: String, method: String, handler: Handler)] = []
    private let fallback: Fallback

    package init(fallback: @escaping Fallback) { self.fallback = fallback }

    /// Adds a route; a path that ends in `/*` takes everything below it, and the handler gets what stands for the star.
    package mutating func add(_ method: String, _ path: String, _ handler: @escaping Handler) {
        if path.hasSuffix("/*") {
            prefixes.append((prefix: String(path.dropLast()), method: method, handler: handler))
        } else {
            precondition(exact[path]?[method] == nil, "two routes for \(method) \(path)")
            exact[path, default: [:]][method] = handler
        }
    }

    package func handle(_ request: Request, _ responder: Responder) {
        // HEAD is answered as GET is; the server leaves the body out.
        let method = request.method == "HEAD" ? "GET" : request.method
        if let handler = exact[request.path]?[method] { return handler(request, "", responder) }
        var allowed = Set(exact[request.path].map { Array($0.keys) } ?? [])
        for route in prefixes where request.path.hasPrefix(route.prefix) && request.path != route.prefix {
            if route.method == method {
                return route.handler(request, String(request.path.dropFirst(route.prefix.count)), responder)
            }
            allowed.insert(route.method)
        }
        let isWholeServer = request.method == "OPTIONS" && request.path == "*"
        if allowed.isEmpty && !isWholeServer {
            responder.respond(fallback(request, 404, []))
            return
        }
        if allowed.contains("GET") { allowed.insert("HEAD") }
        allowed.insert("OPTIONS")
        let methods = allowed.sorted()
        let allow = ("allow", methods.joined(separator: ", "))
        if request.method == "OPTIONS" {
            responder.respond(Response(status: 204, headers: [allow]))
        } else {
            var response = fallback(request, 405, methods)
            response.headers.append((name: allow.0, value: allow.1))
            responder.respond(response)
        }
    }
}
