package import Events

/// One call of a model.
package struct ModelCall: Sendable {
    package var request: SLMRequest
    /// The model's name as the provider knows it.
    package var providerModel: String
    package var tenant: String
    /// Milliseconds that are left before the answer is of no use.
    package var millisecondsLeft: Int64

    package init(request: SLMRequest, providerModel: String, tenant: String, millisecondsLeft: Int64) {
        self.request = request
        self.providerModel = providerModel
        self.tenant = tenant
        self.millisecondsLeft = millisecondsLeft
    }
}

/// How a call that came to its end ended.
package struct ModelEnd: Sendable, Equatable {
    /// `stop`, `length`, `content_filter` or `tool_calls`.
    package var finishReason: String
    /// What the provider counted; nil when it told nothing.
    package var usage: TokenUsage?

    package init(finishReason: String, usage: TokenUsage? = nil) {
        self.finishReason = finishReason
        self.usage = usage
    }
}

/// Why a call gave no whole answer.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A word for programs: `provider_unavailable`, `deadline_exceeded`, ….
    package var code: String
    /// A sentence for people, without secrets.
    package var message: String
    /// Whether the same request may succeed later.
    package var isRetriable: Bool
    /// How long the provider asks us to wait before the next try.
    package var retryAfterMilliseconds: Int64?

    package init(_ code: String, _ message: String, isRetriable: Bool, retryAfterMilliseconds: Int64? = nil) {
        self.code = code
        self.message = message
        self.isRetriable = isRetriable
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    package var description: String { "\(code): \(message)" }
}

/// Something that answers conversations piece by piece.
package protocol ModelProvider: Sendable {
    /// A short name for records and metrics.
    var name: String { get }

    /// Answers a call.
    ///
    /// - Parameters:
    ///   - call: What to answer.
    ///   - emit: Called with each piece in order, never with an empty one; throws when nobody wants them any more.
    /// - Returns: How it ended.
    /// - Throws: `ModelError`; pieces emitted before stay delivered.
    func answer(_ call: ModelCall, emit: (String) throws(ModelError) -> Void) async throws(ModelError) -> ModelEnd
}
