import HTTPServer

/// What a route asks of whoever calls it.
enum Access: Sendable {
    /// An API key.
    case key
    /// An API key, or nothing on this machine when the setting says so.
    case console
    /// Nothing: probes have no keys.
    case open
}

/// Decides who a request is from and whether it may pass.
struct AccessGate: Sendable {
    enum Decision {
        case admitted(Principal)
        case refused(Response)
    }

    let keys: APIKeys
    let opensConsoleOnLoopback: Bool

    func admit(_ request: Request, _ access: Access) -> Decision {
        let nobody = Principal(tenant: "", subject: "anonymous")
        if case .open = access { return .admitted(nobody) }
        if let header = request.headers["authorization"] {
            let words = header.split(separator: " ", maxSplits: 1)
            guard words.count == 2, words[0].lowercased() == "bearer", let principal = keys.principal(of: words[1])
            else { return .refused(unauthorized(request, "Incorrect API key provided.")) }
            return .admitted(principal)
        }
        if case .console = access, opensConsoleOnLoopback, request.isFromLoopback, namesLoopback(request) {
            return .admitted(nobody)
        }
        return .refused(unauthorized(request, "You did not provide an API key: send 'Authorization: Bearer KEY'."))
    }

    /// The name in the address bar must be this machine's own: a page elsewhere whose name was made to point here
    /// (DNS rebinding) must not read what is open.
    private func namesLoopback(_ request: Request) -> Bool {
        guard let host = request.headers["host"] else { return false }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        return ["localhost", "127.0.0.1", "::1"].contains(name.lowercased())
    }

    private func unauthorized(_ request: Request, _ message: String) -> Response {
        let isOpenAI = request.path.hasPrefix("/v1/chat/") || request.path.hasPrefix("/v1/models")
        var response =
            isOpenAI
            ? ErrorAnswers.openAI(401, message, code: "invalid_api_key")
            : ErrorAnswers.problem(401, ErrorAnswers.title(401), message)
        response.headers.append((name: "www-authenticate", value: "Bearer"))
        return response
    }
}
