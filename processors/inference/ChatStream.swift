package import Events
import JSON

/// What an OpenAI-compatible answer stream has said so far; fed with the data of its events.
package struct ChatStream: Sendable {
    /// The finish reason, once told.
    package private(set) var finishReason: String?
    /// The provider's own count, once told.
    package private(set) var usage: TokenUsage?
    /// Whether `[DONE]` was seen.
    package private(set) var isDone = false
    /// An answer larger than this is cut off: no record could carry it.
    private static let answerBytesMax = 512 << 10
    private var answerBytes = 0

    package init() {}

    /// Whether the answer is whole: some providers send no `[DONE]`, some no finish reason.
    package var isComplete: Bool { isDone || finishReason != nil }

    /// Reads one event and gives the piece of text in it, if any.
    ///
    /// Chunks without choices (usage), with a null or empty delta (role, tool calls) give nothing.
    package mutating func read(_ data: [UInt8]) throws(ModelError) -> String? {
        guard !isDone else { return nil }
        if data.elementsEqual("[DONE]".utf8) {
            isDone = true
            return nil
        }
        let event: Event
        do {
            event = try JSONView.parse(data) { try Event($0) }
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError("provider_protocol", "the provider sent an event that is no JSON", isRetriable: true)
        }
        if let reason = event.finishReason { finishReason = Self.known(reason) }
        if let counted = event.usage { usage = counted }
        guard let text = event.text, !text.isEmpty else { return nil }
        answerBytes += text.utf8.count
        guard answerBytes <= Self.answerBytesMax else {
            throw ModelError("answer_too_large", "the answer exceeds \(Self.answerBytesMax) bytes", isRetriable: false)
        }
        return text
    }

    // The contract knows four; whatever else a provider invents ended the answer all the same.
    private static func known(_ reason: String) -> String {
        switch reason {
        case "length", "content_filter", "tool_calls": reason
        case "max_tokens": "length"
        case "function_call": "tool_calls"
        default: "stop"
        }
    }

    private struct Event {
        var text: String?
        var finishReason: String?
        var usage: TokenUsage?

        init(_ json: JSONView) throws {
            guard json.kind == .object else {
                throw ModelError("provider_protocol", "the provider sent an event that is no object", isRetriable: true)
            }
            if let error = json["error"], !error.isNull {
                throw ChatError.inStream(message: error["message"]?.string ?? error.string, code: error["code"]?.string)
            }
            var isFirst = true
            json["choices"]?.forEachElement { choice in
                // One choice was asked for; a provider that sends more would mix two answers.
                guard isFirst, choice["index"]?.int64 ?? 0 == 0 else { return }
                isFirst = false
                text = choice["delta"]?["content"]?.string ?? choice["message"]?["content"]?.string
                finishReason = choice["finish_reason"]?.string
            }
            usage = json["usage"].flatMap(Self.usage)
        }

        private static func usage(_ json: JSONView) -> TokenUsage? {
            guard let prompt = json["prompt_tokens"]?.int64, prompt >= 0,
                let completion = json["completion_tokens"]?.int64 ?? json["total_tokens"]?.int64.map({ $0 - prompt }),
                completion >= 0, prompt < 1 << 50, completion < 1 << 50
            else { return nil }
            let total = json["total_tokens"]?.int64 ?? prompt + completion
            return TokenUsage(
                promptTokens: prompt,
                completionTokens: completion,
                totalTokens: max(total, 0) < 1 << 51 ? max(total, prompt + completion) : prompt + completion,
                source: "provider"
            )
        }
    }
}
