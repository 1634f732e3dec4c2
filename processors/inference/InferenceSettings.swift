/// What the model worker can be told.
package struct InferenceSettings: Sendable {
    /// A server that speaks OpenAI's chat completions.
    package struct Remote: Sendable {
        /// Without a slash at the end, such as `https://api.example.com/v1`.
        package var baseURL: String
        /// Sent as bearer token; empty sends none.
        package var apiKey: String
        /// Models to offer: names as clients say them, and as the provider knows them.
        package var models: [(name: String, providerModel: String)]

        package init(baseURL: String, apiKey: String, models: [(name: String, providerModel: String)]) {
            var url = Substring(baseURL)
            while url.hasSuffix("/") { url = url.dropLast() }
            self.baseURL = String(url)
            self.apiKey = apiKey
            self.models = models
        }
    }

    /// How long each step of a remote call may take.
    package struct Timeouts: Sendable, Equatable {
        package var connectMilliseconds: Int64 = 5_000
        package var firstByteMilliseconds: Int64 = 60_000
        /// Between two pieces.
        package var idleMilliseconds: Int64 = 30_000
        package var totalMilliseconds: Int64 = 120_000

        package init() {}
    }

    package var remote: Remote?
    package var timeouts = Timeouts()
    /// Model calls at once in this process.
    package var concurrency = 64
    /// Tries of one call, the first included; only before its first piece.
    package var attemptsMax = 3
    /// The wait before the second try; doubled for each one more.
    package var backoffMilliseconds: Int64 = 250
    /// No wait is longer, whatever the provider asks for; then the turn ends with an error instead.
    package var backoffMillisecondsMax: Int64 = 10_000

    package init(remote: Remote? = nil) {
        self.remote = remote
    }

    /// Reads `SOMA_OPENAI_BASE_URL`, `SOMA_OPENAI_API_KEY`, `SOMA_OPENAI_MODELS` (comma list; `name=provider-name` renames),
    /// `SOMA_MODEL_CONCURRENCY`, and `SOMA_OPENAI_CONNECT_TIMEOUT_MS`, `…FIRST_BYTE…`, `…IDLE…`, `…TOTAL…`.
    package init(environment: [String: String]) {
        func number(_ name: String, _ bounds: ClosedRange<Int64>, _ standard: Int64) -> Int64 {
            environment[name].flatMap(Int64.init).map { min(max($0, bounds.lowerBound), bounds.upperBound) } ?? standard
        }
        if let url = environment["SOMA_OPENAI_BASE_URL"], !url.isEmpty {
            remote = Remote(
                baseURL: url,
                apiKey: environment["SOMA_OPENAI_API_KEY"] ?? "",
                models: Self.models(environment["SOMA_OPENAI_MODELS"] ?? "")
            )
        }
        let hour: Int64 = 3_600_000
        timeouts.connectMilliseconds = number("SOMA_OPENAI_CONNECT_TIMEOUT_MS", 1...hour, 5_000)
        timeouts.firstByteMilliseconds = number("SOMA_OPENAI_FIRST_BYTE_TIMEOUT_MS", 1...hour, 60_000)
        timeouts.idleMilliseconds = number("SOMA_OPENAI_IDLE_TIMEOUT_MS", 1...hour, 30_000)
        timeouts.totalMilliseconds = number("SOMA_OPENAI_TOTAL_TIMEOUT_MS", 1...hour, 120_000)
        concurrency = Int(number("SOMA_MODEL_CONCURRENCY", 1...4096, 64))
    }

    private static func models(_ list: String) -> [(name: String, providerModel: String)] {
        list.split(separator: ",").compactMap { entry in
            let parts = entry.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            guard let name = parts.first, !name.isEmpty else { return nil }
            return (name, parts.count == 2 && !parts[1].isEmpty ? parts[1] : name)
        }
    }
}

extension InferenceSettings: CustomStringConvertible {
    /// Without the key.
    package var description: String {
        let remote = remote.map { "\($0.baseURL) with \($0.models.count) models" } ?? "none"
        return "remote: \(remote), concurrency: \(concurrency)"
    }
}
