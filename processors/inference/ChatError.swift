import JSON

/// What a provider's failure means for the caller.
enum ChatError {
    private static let messageLengthMax = 300

    /// An answer other than 200, what came with it (perhaps OpenAI's error object) and its `Retry-After` header.
    static func http(status: Int, body: [UInt8], retryAfter: String?) -> ModelError {
        let told = (try? JSON.parse(body)).flatMap { $0["error"]?["message"]?.string ?? $0["error"]?.string }
        let message = "the provider answered \(status)" + (told.map { ": \(short($0))" } ?? "")
        let wait = retryAfter.flatMap(Int64.init).map { min(max($0, 0), 3600) * 1000 }
        switch status {
        case 400, 413, 422: return ModelError("provider_rejected", message, isRetriable: false)
        case 401, 403: return ModelError("provider_auth", message, isRetriable: false)
        case 404: return ModelError("model_not_found", message, isRetriable: false)
        case 408: return ModelError("provider_timeout", message, isRetriable: true, retryAfterMilliseconds: wait)
        case 429: return ModelError("rate_limited", message, isRetriable: true, retryAfterMilliseconds: wait)
        case 500...599:
            return ModelError("provider_unavailable", message, isRetriable: true, retryAfterMilliseconds: wait)
        default: return ModelError("provider_protocol", message, isRetriable: false)
        }
    }

    /// An error object in the middle of a stream.
    static func inStream(message: String?, code: String?) -> ModelError {
        let told = message.map { ": \(short($0))" } ?? ""
        let isLimit = code == "rate_limit_exceeded"
        return ModelError(
            isLimit ? "rate_limited" : "provider_error",
            "the provider broke off with an error" + told,
            isRetriable: true
        )
    }

    // A provider's words may be long and may repeat what was sent, a key for example.
    private static func short(_ text: String) -> String {
        let line = text.prefix { !$0.isNewline }
        let masked = line.split(separator: " ", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("sk-") || $0.hasPrefix("Bearer") ? "[secret]" : String($0) }.joined(separator: " ")
        return String(masked.prefix(messageLengthMax))
    }
}
