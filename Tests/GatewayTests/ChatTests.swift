import Events
import Gateway
import HTTPServer
import JSON
import Testing

private let question =
    #"{"model":"local","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]}"#
private let streamed =
    #"{"model":"local","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#

private func delta(_ index: Int64, _ content: String) -> AssistantDelta {
    AssistantDelta(requestID: "r1", sessionID: "s1", index: index, content: content)
}

private func final(_ content: String) -> AssistantFinal {
    AssistantFinal(
        requestID: "r1",
        sessionID: "s1",
        content: content,
        model: "local-v1",
        finishReason: "stop",
        usage: TokenUsage(promptTokens: 3, completionTokens: 2, totalTokens: 5, source: "counted")
    )
}

private func failed(_ code: String) -> AssistantError {
    AssistantError(requestID: "r1", sessionID: "s1", code: code, message: "no")
}

private let ids = [("x-request-id", "r1"), ("x-soma-session", "s1")]

@Suite struct ChatTests {
    let gateway: TestGateway
    var turns: TurnTable { gateway.gateway.turns }

    init() throws { gateway = try TestGateway() }

    @Test func `writes the message under its session with the envelope of the key`() throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        _ = gateway.chat(question, headers: ids + [("traceparent", trace)])
        let record = try #require(gateway.log.records.first)
        #expect(record.topic == "conversation.events")
        #expect(record.keyText == "s1")
        #expect(record.header("ce_type") == "message.user")
        #expect(record.header("ce_tenant") == "acme")
        #expect(record.header("ce_subject") == "ann")
        #expect(record.header("ce_correlationid") == "r1")
        #expect(record.header("traceparent") == trace)
        #expect(record.message?.content == "hi")
        #expect(record.message?.messages?.map(\.role) == ["system", "user"])
        #expect(record.message?.requestID == "r1")
    }

    @Test func `answers whole when the turn ends`() async throws {
        let exchange = gateway.chat(question, headers: ids)
        try gateway.play(delta(0, "hel"), requestID: "r1")
        #expect(exchange.response == nil)
        try gateway.play(final("hello"), requestID: "r1")
        let answer = await exchange.wait()
        #expect(answer.status == 200)
        #expect(answer.header("x-request-id") == "r1")
        let choice = answer.json?["choices"]?.array?.first
        #expect(answer.json?["object"]?.string == "chat.completion")
        #expect(choice?["message"]?["content"]?.string == "hello")
        #expect(choice?["finish_reason"]?.string == "stop")
        #expect(answer.json?["usage"]?["total_tokens"]?.int64 == 5)
        #expect(turns.count == 0)
    }

    @Test func `streams as OpenAI does, with usage when asked for`() async throws {
        let exchange = gateway.chat(streamed, headers: ids)
        try gateway.play(delta(0, "hel"), requestID: "r1")
        #expect(exchange.response?.chunks.count == 2)
        try gateway.play(delta(0, "hel"), requestID: "r1")
        try gateway.play(delta(1, "lo"), requestID: "r1")
        try gateway.play(final("hello"), requestID: "r1")
        let answer = await exchange.wait()
        #expect(answer.header("content-type")?.hasPrefix("text/event-stream") == true)
        #expect(answer.header("cache-control") == "no-cache")
        #expect(answer.header("x-accel-buffering") == "no")
        #expect(answer.frames.last == "[DONE]")
        let chunks = answer.chunks
        #expect(chunks.first?["choices"]?.array?.first?["delta"]?["role"]?.string == "assistant")
        #expect(answer.deltas == ["", "hel", "lo"])
        #expect(chunks.allSatisfy { $0["object"]?.string == "chat.completion.chunk" && $0["model"]?.string == "local" })
        #expect(Set(chunks.map { $0["id"]?.string }).count == 1)
        #expect(chunks.dropLast().allSatisfy { $0["usage"] == .null })
        #expect(chunks.last?["choices"]?.array == [])
        #expect(chunks.last?["usage"]?["total_tokens"]?.int64 == 5)
        #expect(chunks.dropLast().last?["choices"]?.array?.first?["finish_reason"]?.string == "stop")
    }

    @Test func `sends what came in no delta with the end`() async throws {
        let exchange = gateway.chat(streamed, headers: ids)
        try gateway.play(delta(0, "né"), requestID: "r1")
        try gateway.play(final("née!"), requestID: "r1")
        #expect(await exchange.wait().deltas.joined() == "née!")
    }

    @Test(arguments: [question, streamed])
    func `a denied turn is 403 with the event's code`(body: String) async throws {
        let exchange = gateway.chat(body, headers: ids)
        let denied = TurnDenied(requestID: "r1", sessionID: "s1", code: "policy_denied", reason: "not this")
        try gateway.play(denied, requestID: "r1")
        let answer = await exchange.wait()
        #expect(answer.status == 403)
        #expect(answer.json?["error"]?["code"]?.string == "policy_denied")
        #expect(answer.json?["error"]?["message"]?.string == "not this")
    }

    @Test(arguments: [
        ("provider_timeout", 504), ("provider_unavailable", 503), ("rate_limit_exceeded", 429), ("cut_short", 502),
    ])
    func `a failed turn has a status that says whose fault it is`(code: String, status: Int) async throws {
        let exchange = gateway.chat(question, headers: ids)
        try gateway.play(failed(code), requestID: "r1")
        let answer = await exchange.wait()
        #expect(answer.status == status)
        #expect(answer.json?["error"]?["code"]?.string == code)
        #expect(Set(answer.json?["error"]?.members?.map(\.name) ?? []) == ["message", "type", "param", "code"])
    }

    @Test(arguments: [true, false])
    func `an error in a stream is a frame and then the end`(hasBegun: Bool) async throws {
        let exchange = gateway.chat(streamed, headers: ids)
        if hasBegun { try gateway.play(delta(0, "hel"), requestID: "r1") }
        try gateway.play(failed("cut_short"), requestID: "r1")
        let answer = await exchange.wait()
        #expect(answer.status == 200)
        #expect(answer.chunks.last?["error"]?["code"]?.string == "cut_short")
        #expect(answer.frames.last == "[DONE]")
    }

    @Test func `a turn that takes too long is 504, or an error frame once begun`() async throws {
        let whole = gateway.chat(question, headers: ids)
        let stream = gateway.chat(streamed, headers: [("x-request-id", "r2")])
        try gateway.play(delta(0, "a"), requestID: "r2")
        turns.tick(now: 119_999)
        #expect(whole.response == nil)
        turns.tick(now: 120_000)
        #expect(await whole.wait().status == 504)
        let answer = await stream.wait()
        #expect(answer.chunks.last?["error"]?["code"]?.string == "timeout")
        #expect(answer.frames.last == "[DONE]")
        #expect(turns.count == 0)
    }

    @Test func `a stream that is silent begins, so that the client sees it live`() throws {
        let exchange = gateway.chat(streamed, headers: ids)
        turns.tick(now: 1_999)
        #expect(exchange.response == nil)
        turns.tick(now: 2_000)
        turns.tick(now: 3_000)
        #expect(exchange.response?.chunks.count == 1)
    }

    @Test func `a client that leaves is not followed on`() throws {
        let exchange = gateway.chat(streamed, headers: ids)
        try gateway.play(delta(0, "a"), requestID: "r1")
        exchange.leave()
        #expect(turns.count == 0)
        try gateway.play(delta(1, "b"), requestID: "r1")
        #expect(exchange.response?.chunks.count == 2)
    }

    @Test func `another tenant's request with the same id gets nothing of it`() throws {
        let mine = gateway.chat(question, headers: ids)
        let theirs = gateway.send("POST", "/v1/chat/completions", headers: ids, key: "key-b", body: question)
        try gateway.play(final("secret"), requestID: "r1", tenant: "acme")
        #expect(mine.response?.status == 200)
        #expect(theirs.response == nil)
    }

    @Test func `the same request id twice at once is a conflict`() async {
        let first = gateway.chat(question, headers: ids)
        #expect(await gateway.chat(question, headers: ids).wait().status == 409)
        #expect(gateway.log.records.count == 1)
        first.leave()
    }

    @Test func `an idempotency key makes the same event id`() {
        for key in ["k1", "\"k1\"", "k2"] { gateway.chat(question, headers: [("idempotency-key", key)]).leave() }
        let records = gateway.log.records
        let eventIDs = records.map { $0.header("ce_id") }
        #expect(eventIDs[0] == eventIDs[1])
        #expect(eventIDs[0] != eventIDs[2])
        #expect(records[0].header("ce_correlationid") == records[1].header("ce_correlationid"))
        #expect(eventIDs[0] != records[0].header("ce_correlationid"))
    }

    @Test func `a log that cannot be written is 503 and never a hang`() async {
        gateway.log.fail(with: .unavailable("broker down"))
        let answer = await gateway.chat(question).wait()
        #expect(answer.status == 503)
        #expect(answer.header("retry-after") != nil)
        #expect(turns.count == 0)
    }

    @Test func `more turns than fit are 429`() async throws {
        let small = try TestGateway(change: { $0.turnsMax = 1 })
        let first = small.chat(question)
        let answer = await small.chat(question).wait()
        #expect(answer.status == 429)
        #expect(answer.header("retry-after") == "1")
        first.leave()
        #expect(small.chat(question).response == nil)
    }

    @Test func `stopping ends waiting requests with an error`() async {
        let whole = gateway.chat(question)
        let stream = gateway.chat(streamed)
        gateway.gateway.stop(graceMilliseconds: 0)
        #expect(await whole.wait().status == 503)
        #expect(await stream.wait().frames.last == "[DONE]")
        #expect(await gateway.chat(question).wait().status == 503)
    }
}
