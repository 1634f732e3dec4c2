import JSON

/// A streamed answer as a client sees it.
struct ServerSentEvents {
    let chunks: [JSON]
    let isDone: Bool

    init(_ body: String) {
        let data = body.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
        isDone = data.last == "[DONE]"
        chunks = data.compactMap { try? JSON.parse(String($0)) }
    }

    /// The text of all content deltas.
    var content: String {
        chunks.compactMap { $0["choices"]?.array?.first?["delta"]?["content"]?.string }.joined()
    }

    var finishReason: String? {
        chunks.compactMap { $0["choices"]?.array?.first?["finish_reason"]?.string }.last
    }

    var usage: JSON? { chunks.compactMap { $0["usage"] }.last { $0 != .null } }
    var error: JSON? { chunks.compactMap { $0["error"] }.last }
}
