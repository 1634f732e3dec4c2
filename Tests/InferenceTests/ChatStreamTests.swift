import Clocks
import Events
import Testing

@testable import Inference

@Suite struct SSEParserTests {
    private let stream =
        "\u{FEFF}: hello\r\n\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata: two\ndata:lines\n\ndata\rdata:\r\r:c\n\ndata: [DONE]\n\n"
    private let expected = ["{\"a\":1}", "two\nlines", "\n", "[DONE]"]

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `gives the same events however the bytes arrive`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var parser = SSEParser()
        var rest = Array(stream.utf8)[...]
        var events: [String] = []
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...9, using: &random))
            rest = rest.dropFirst(piece.count)
            events += try parser.feed(piece).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(events == expected)
        #expect(parser.finish() == nil)
    }

    @Test func `an event without its blank line is given at the end`() throws {
        var parser = SSEParser()
        #expect(try parser.feed("data: x".utf8).isEmpty)
        #expect(parser.finish() == Array("x".utf8))
        #expect(parser.finish() == nil)
    }

    @Test func `an endless line is refused`() {
        var parser = SSEParser(eventBytesMax: 100)
        #expect(throws: SSEParser.TooLarge.self) {
            for _ in 0..<20 { _ = try parser.feed("data: 0123456789".utf8) }
        }
    }
}

@Suite struct ChatStreamTests {
    private func read(_ events: [String]) throws -> (text: String, stream: ChatStream) {
        var stream = ChatStream()
        var text = ""
        for event in events { text += try stream.read(Array(event.utf8)) ?? "" }
        return (text, stream)
    }

    @Test func `joins deltas and keeps reason and usage`() throws {
        let (text, stream) = try read([
            #"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
            #"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#,
            #"{"choices":[{"index":0,"delta":{"content":" there"},"finish_reason":"length"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#, "[DONE]",
            #"{"choices":[{"delta":{"content":"late"}}]}"#,
        ])
        #expect(text == "Hi there")
        #expect(stream.finishReason == "length" && stream.isDone && stream.isComplete)
        #expect(
            stream.usage == TokenUsage(promptTokens: 7, completionTokens: 2, totalTokens: 9, source: "provider")
        )
    }

    @Test func `usage beside the last choice counts too`() throws {
        let (text, stream) = try read([
            #"{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#
        ])
        #expect(text == "x")
        #expect(stream.usage?.totalTokens == 2)
        #expect(stream.isComplete && !stream.isDone)
    }

    @Test(arguments: [
        #"{"choices":[{"delta":{"tool_calls":[{"index":0}],"content":null},"finish_reason":"tool_calls"}]}"#,
        #"{"choices":[]}"#, "{}", #"{"choices":null}"#, #"{"choices":[{"delta":null}]}"#,
        #"{"usage":{"prompt_tokens":-1,"completion_tokens":1}}"#, #"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#,
    ])
    func `events without text give none`(event: String) throws {
        #expect(try read([event]).text == "")
    }

    @Test(arguments: ["", "x", "[]", "3", #"{"choices":"#, #"{"error":{"message":"boom"}}"#, #"{"error":"boom"}"#])
    func `garbage and error objects end the call`(event: String) {
        #expect(throws: ModelError.self) { try read([event]) }
    }

    @Test(arguments: [
        (400, "provider_rejected", false), (401, "provider_auth", false), (403, "provider_auth", false),
        (404, "model_not_found", false), (408, "provider_timeout", true), (429, "rate_limited", true),
        (500, "provider_unavailable", true), (503, "provider_unavailable", true), (302, "provider_protocol", false),
    ])
    func `statuses say what to do next`(status: Int, code: String, isRetriable: Bool) {
        let error = ChatError.http(
            status: status,
            body: Array(#"{"error":{"message":"key sk-123 is bad"}}"#.utf8),
            retryAfter: "2"
        )
        #expect(error.code == code && error.isRetriable == isRetriable)
        #expect(!error.message.contains("sk-123"))
        #expect(error.retryAfterMilliseconds == (isRetriable ? 2000 : nil))
    }
}

@Suite struct InferenceSettingsTests {
    @Test func `reads models and limits from the environment`() {
        let settings = InferenceSettings(environment: [
            "SOMA_OPENAI_BASE_URL": "http://h/v1/", "SOMA_OPENAI_API_KEY": "sk-secret",
            "SOMA_OPENAI_MODELS": "gpt, fast = big-model-7 ,,local", "SOMA_OPENAI_IDLE_TIMEOUT_MS": "0",
            "SOMA_MODEL_CONCURRENCY": "x",
        ])
        #expect(settings.remote?.baseURL == "http://h/v1")
        #expect(settings.timeouts.idleMilliseconds == 1 && settings.concurrency == 64)
        #expect(!"\(settings)".contains("sk-secret"))
        let table = ModelTable(settings)
        #expect(table.names == ["local", "soma-extractive-bm25-1", "gpt", "fast"])
        #expect(table["fast"]?.providerModel == "big-model-7")
        #expect(table["local"]?.provider == "local")
        #expect(table["nope"] == nil)
    }

    @Test func `remembers so many requests and no more`() {
        var recent = RecentRequests(limit: 3)
        for id in ["a", "b", "c", "a", "d"] { recent.insert(id) }
        #expect(["a", "b", "c", "d"].map { recent.contains($0) } == [false, true, true, true])
    }
}
