import Events
import JSON

/// The body of `POST /chat/completions` for a streamed answer.
enum ChatRequestBody {
    static func bytes(_ request: SLMRequest, model: String) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        json.beginObject()
        json.name("model")
        json.string(model)
        json.name("messages")
        json.beginArray()
        for message in request.messages { write(message, to: &json) }
        json.endArray()
        if let temperature = request.temperature {
            json.name("temperature")
            json.number(temperature)
        }
        if let most = request.maxTokens {
            json.name("max_tokens")
            json.integer(most)
        }
        if let stops = request.stop, !stops.isEmpty {
            json.name("stop")
            json.beginArray()
            for stop in stops { json.string(stop) }
            json.endArray()
        }
        json.name("stream")
        json.bool(true)
        json.name("stream_options")
        json.beginObject()
        json.name("include_usage")
        json.bool(true)
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private static func write(_ message: ChatMessage, to json: inout JSONWriter) {
        json.beginObject()
        json.name("role")
        json.string(message.role)
        json.name("content")
        json.string(message.content)
        // The persona's name is our own mark; several providers refuse names on system messages.
        if let name = message.name, message.role == "user" || message.role == "assistant" {
            json.name("name")
            json.string(name)
        }
        json.endObject()
    }
}
