import Events
import Gateway
import HTTPServer
import JSON
import Testing

private let user = #""messages":[{"role":"user","content":"x"}]"#

@Suite struct ChatInputTests {
    let gateway: TestGateway

    init() throws { gateway = try TestGateway() }

    @Test(
        arguments: [
            ("", nil), ("{", nil), ("[]", nil), ("\u{0}", nil), (#"{"model":"local"}"#, "messages"),
            (#"{"model":"local","messages":[]}"#, "messages"), (#"{"model":"local","messages":{}}"#, "messages"),
            (#"{"model":"local","messages":[1]}"#, "messages[0]"),
            (#"{"model":"local","messages":[{"role":"king","content":"x"}]}"#, "messages[0].role"),
            (#"{"model":"local","messages":[{"role":"user"}]}"#, "messages[0].content"),
            (#"{"model":"local","messages":[{"role":"user","content":7}]}"#, "messages[0].content"),
            (#"{"model":"local","messages":[{"role":"user","content":""}]}"#, "messages"),
            (#"{"model":"local","messages":[{"role":"user","content":"a\u0000b"}]}"#, "messages[0].content"),
            (#"{"model":"local","messages":[{"role":"assistant","content":"x"}]}"#, "messages"),
            (
                #"{"model":"local","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#,
                "messages[0].content[0]"
            ),
            ("{\(user)}", "model"), (#"{"model":7,\#(user)}"#, "model"), (#"{"model":"local","n":2,\#(user)}"#, "n"),
            (#"{"model":"local","stream":"yes",\#(user)}"#, "stream"),
            (#"{"model":"local","temperature":"hot",\#(user)}"#, "temperature"),
            (#"{"model":"local","temperature":2.1,\#(user)}"#, "temperature"),
            (#"{"model":"local","max_tokens":0,\#(user)}"#, "max_tokens"),
            (#"{"model":"local","max_tokens":1e30,\#(user)}"#, "max_tokens"),
            (#"{"model":"local","stop":[1],\#(user)}"#, "stop"),
            (#"{"model":"local","stop":["a","b","c","d","e"],\#(user)}"#, "stop"),
            (#"{"model":"local","metadata":{"a":1},\#(user)}"#, "metadata"),
            (#"{"model":"local","stream_options":[],\#(user)}"#, "stream_options"),
        ] as [(String, String?)]
    )
    func `refuses a bad request with 400 and names the parameter`(body: String, param: String?) async {
        let answer = await gateway.chat(body).wait()
        #expect(answer.status == 400)
        #expect(answer.json?["error"]?["type"]?.string == "invalid_request_error")
        #expect(answer.json?["error"]?["param"]?.string == param, "\(answer.text)")
        #expect(answer.header("x-request-id") != nil)
        #expect(gateway.log.records.isEmpty)
    }

    @Test func `refuses bytes that are not UTF-8`() async {
        let bytes = Array(#"{"model":"local","messages":[{"role":"user","content":""#.utf8) + [0xC3, 0x28]
        let request = Request(
            method: "POST",
            path: "/v1/chat/completions",
            headers: [("authorization", "Bearer key-a")],
            body: bytes + Array("\"}]}".utf8)
        )
        #expect(await RecordedExchange.send(request, to: gateway.gateway.makeHandler()).wait().status == 400)
    }

    @Test func `random bodies are answered and never end the process`() async {
        let alphabet = Array(#"{}[]",:01truefalsnmdgi\u "#.utf8)
        for _ in 0..<500 {
            let body = (0..<60).map { _ in alphabet.randomElement() ?? 0 }
            #expect(await gateway.chat(String(decoding: body, as: UTF8.self)).wait().status == 400)
        }
    }

    @Test func `an unknown model is 404 with OpenAI's code`() async {
        let answer = await gateway.chat(#"{"model":"nobody",\#(user)}"#).wait()
        #expect(answer.status == 404)
        #expect(answer.json?["error"]?["code"]?.string == "model_not_found")
    }

    @Test func `takes text parts, null options and members it does not know`() throws {
        let parts = #"[{"type":"text","text":"a"},{"type":"text","text":"b"}]"#
        let options =
            #""temperature":null,"stop":"end","max_tokens":5,"max_completion_tokens":7,"seed":1,"tools":[],"n":1,"user":"u""#
        gateway.chat(
            #"{"model":"local",\#(options),"metadata":{"session_id":"s9","k":"v"},"messages":[{"role":"assistant","content":null,"tool_calls":[]},{"role":"user","content":\#(parts)}]}"#
        ).leave()
        let record = try #require(gateway.log.records.first)
        let message = try #require(record.message)
        #expect(record.keyText == "s9")
        #expect(message.content == "ab")
        #expect(message.maxTokens == 7)
        #expect(message.stop == ["end"])
        #expect(message.temperature == nil)
        #expect(message.metadata?["k"] == "v")
    }

    @Test func `a message too large for a record is 413`() async {
        let text = String(repeating: "x", count: 1 << 20)
        let answer = await gateway.chat(#"{"model":"local","messages":[{"role":"user","content":"\#(text)"}]}"#).wait()
        #expect(answer.status == 413)
        #expect(gateway.log.records.isEmpty)
    }

    @Test(arguments: [
        ("x-request-id", ""), ("x-request-id", "a\tb"), ("x-soma-session", String(repeating: "s", count: 257)),
        ("idempotency-key", ""),
    ])
    func `refuses ids that cannot be carried on`(name: String, value: String) async {
        #expect(await gateway.chat(#"{"model":"local",\#(user)}"#, headers: [(name, value)]).wait().status == 400)
    }

    @Test func `lists models and says which are unknown`() async {
        let list = await gateway.send("GET", "/v1/models").wait()
        #expect(list.json?["data"]?.array?.first?["id"]?.string == "local")
        #expect(await gateway.send("GET", "/v1/models/local").wait().json?["object"]?.string == "model")
        let missing = await gateway.send("GET", "/v1/models/a/b").wait()
        #expect(missing.status == 404)
        #expect(missing.json?["error"]?["code"]?.string == "model_not_found")
    }
}
