import Events

/// Makes the billable fact of a model call out of its recorded end.
enum UsageMeter {
    static let name = "usage-meter"
    static let service = "slm"

    /// The usage of a whole answer.
    static func usage(of answer: SLMFinal, envelope: Envelope) -> UsageRecorded {
        usage(
            answer.usage,
            requestID: answer.requestID,
            sessionID: answer.sessionID,
            model: answer.model,
            provider: answer.provider,
            status: "complete",
            envelope: envelope
        )
    }

    /// What was really delivered before a call broke; nil when that is nothing, so that nothing is billed.
    static func usage(of error: SLMError, envelope: Envelope) -> UsageRecorded? {
        guard let tokens = error.usage, tokens.totalTokens > 0 else { return nil }
        return usage(
            tokens,
            requestID: error.requestID,
            sessionID: error.sessionID,
            model: error.model,
            provider: error.provider,
            status: "partial",
            envelope: envelope
        )
    }

    /// The id follows from the record that asked for the call, not from the answer: when a worker dies after it
    /// answered and before it committed, the second answer to the same request makes the same id and is not billed again.
    private static func usage(
        _ tokens: TokenUsage,
        requestID: String,
        sessionID: String,
        model: String,
        provider: String,
        status: String,
        envelope: Envelope
    ) -> UsageRecorded {
        UsageRecorded(
            usageID: EventID.derived(
                from: envelope.causationID ?? envelope.id,
                processor: name,
                index: status == "complete" ? 0 : 1
            ),
            tenant: envelope.tenant,
            requestID: requestID,
            sessionID: sessionID,
            service: service,
            model: model,
            provider: provider,
            promptTokens: tokens.promptTokens,
            completionTokens: tokens.completionTokens,
            totalTokens: tokens.totalTokens,
            source: tokens.source,
            status: status,
            recordedAt: EventTime.text(milliseconds: envelope.time)
        )
    }
}
