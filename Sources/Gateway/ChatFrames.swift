import Events
import JSON

/// Writes the answers of one chat request in OpenAI's form; id, time and model are the same on all of them.
struct ChatFrames: Sendable {
    let id: String
    /// Seconds since 1970.
    let created: Int64
    let model: String
    let includesUsage: Bool

    static let done = Array("data: [DONE]\n\n".utf8)

    /// The first chunk: says who speaks.
    func role() -> [UInt8] {
        chunk { json in
            json.name("role")
            json.string("assistant")
            json.name("content")
            json.string("")
        }
    }

    func content(_ text: String) -> [UInt8] {
        chunk { json in
            json.name("content")
            json.string(text)
        }
    }

    func finish(_ reason: String) -> [UInt8] { chunk(finishReason: reason) { _ in } }

    /// The chunk after the last: no choices, only what was used.
    func usage(_ usage: TokenUsage) -> [UInt8] {
        frame { json in
            head("chat.completion.chunk", model, &json)
            json.name("choices")
            json.beginArray()
            json.endArray()
            Self.write(usage, &json)
        }
    }

    func error(_ message: String, code: String) -> [UInt8] {
        Array("data: ".utf8) + ErrorAnswers.openAIBody(message, type: "server_error", code: code) + Array("\n\n".utf8)
    }

    /// The answer in one piece.
    func whole(_ final: AssistantFinal) -> [UInt8] {
        var json = JSONWriter(capacity: final.content.utf8.count + 512)
        json.beginObject()
        head("chat.completion", final.model, &json)
        json.name("choices")
        json.beginArray()
        json.beginObject()
        json.name("index")
        json.integer(0)
        json.name("message")
        json.beginObject()
        json.name("role")
        json.string("assistant")
        json.name("content")
        json.string(final.content)
        json.name("refusal")
        json.null()
        json.endObject()
        json.name("logprobs")
        json.null()
        json.name("finish_reason")
        json.string(final.finishReason)
        json.endObject()
        json.endArray()
        Self.write(final.usage, &json)
        json.endObject()
        return json.bytes
    }

    private func chunk(finishReason: String? = nil, _ delta: (inout JSONWriter) -> Void) -> [UInt8] {
        frame { json in
            head("chat.completion.chunk", model, &json)
            json.name("choices")
            json.beginArray()
            json.beginObject()
            json.name("index")
            json.integer(0)
            json.name("delta")
            json.beginObject()
            delta(&json)
            json.endObject()
            json.name("logprobs")
            json.null()
            json.name("finish_reason")
            if let finishReason { json.string(finishReason) } else { json.null() }
            json.endObject()
            json.endArray()
            // With usage asked for, the chunks before the last say that they carry none.
            if includesUsage {
                json.name("usage")
                json.null()
            }
        }
    }

    private func frame(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 384)
        json.beginObject()
        body(&json)
        json.endObject()
        return Array("data: ".utf8) + json.bytes + Array("\n\n".utf8)
    }

    private func head(_ object: String, _ model: String, _ json: inout JSONWriter) {
        json.name("id")
        json.string(id)
        json.name("object")
        json.string(object)
        json.name("created")
        json.integer(created)
        json.name("model")
        json.string(model)
    }

    private static func write(_ usage: TokenUsage, _ json: inout JSONWriter) {
        json.name("usage")
        json.beginObject()
        json.name("prompt_tokens")
        json.integer(usage.promptTokens)
        json.name("completion_tokens")
        json.integer(usage.completionTokens)
        json.name("total_tokens")
        json.integer(usage.totalTokens)
        json.endObject()
    }
}
