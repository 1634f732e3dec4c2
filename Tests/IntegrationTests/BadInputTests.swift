import JSON
import TestSupport
import Testing

/// What a wrong request gets: a clear answer, and a platform that lives on.
@Suite struct BadInputTests {
    @Test func `bad input gets a clear 4xx and nothing of it is written`() throws {
        let platform = try Platform(.embedded)
        try expectChatErrors(platform)
        try expectEventErrors(platform)
        try expectGoodEvents(platform)
        #expect(try platform.request("GET", "/healthz", authorized: false).status == 200)
        #expect(platform.process.isRunning)
    }

    private func expectChatErrors(_ platform: Platform) throws {
        let cases: [(body: String, status: Int, code: String)] = [
            ("{", 400, "invalid_request_error"), ("[]", 400, "invalid_request_error"), ("{}", 400, "messages"),
            (#"{"model":"local","messages":[]}"#, 400, "messages"),
            (#"{"model":"local","messages":[{"role":"king","content":"x"}]}"#, 400, "role"),
            (#"{"model":"local","messages":[{"role":"user","content":7}]}"#, 400, "content"),
            (#"{"model":"nobody","messages":[{"role":"user","content":"x"}]}"#, 404, "model_not_found"),
            (#"{"model":"local","temperature":"hot","messages":[{"role":"user","content":"x"}]}"#, 400, "temperature"),
            (
                "{\"model\":\"local\",\"messages\":[{\"role\":\"user\",\"content\":\"\u{0}\"}]}", 400,
                "invalid_request_error"
            ),
        ]
        for (body, status, code) in cases {
            let answer = try platform.chat(body)
            #expect(answer.status == status && answer.body.contains(code), "\(body): \(answer)")
            #expect((try? JSON.parse(answer.body))?["error"]?["message"]?.string != nil, "\(body): \(answer.body)")
        }
        let unauthorized = try platform.request(
            "POST",
            "/v1/chat/completions",
            body: TurnTests.question,
            headers: ["Authorization: Bearer wrong"],
            authorized: false
        )
        #expect(unauthorized.status == 401 && unauthorized.body.contains("invalid_api_key"))
        let large = try platform.chat("{\"model\":\"local\",\"x\":\"" + String(repeating: "y", count: 20 << 20) + "\"}")
        #expect(large.status == 413)
        #expect(try platform.request("GET", "/v1/nothing").status == 404)
        #expect(try platform.request("DELETE", "/v1/chat/completions").status == 405)
    }

    private func expectEventErrors(_ platform: Platform) throws {
        let before = try platform.records("training.audit").count
        let structured = ["content-type: application/cloudevents+json"]
        let batch = ["content-type: application/cloudevents-batch+json"]
        let good =
            #"{"specversion":"1.0","id":"1","source":"/t","type":"training.recorded","data":{"tenant":"default","action":"training.enabled","user":"u","recorded_at":"2026-01-01T00:00:00Z","details":{}}}"#
        let cases: [(body: String, headers: [String], word: String)] = [
            ("{", structured, "JSON"), (#"{"id":"1"}"#, structured, "specversion"),
            (good.replacing(#""id":"1","#, with: ""), structured, "id"),
            (good.replacing("training.recorded", with: "no.such"), structured, "type"),
            (good.replacing("training.enabled", with: "training.maybe"), structured, "/data/action"),
            (good.replacing(#""user":"u","#, with: ""), structured, "user"),
            ("[\(good), \(good.replacing("training.enabled", with: "x"))]", batch, "action"),
            ("{}", ["content-type: text/plain"], "content-type"),
        ]
        for (body, headers, word) in cases {
            let answer = try platform.request("POST", "/v1/events", body: body, headers: headers)
            #expect((400..<500).contains(answer.status) && answer.body.contains(word), "\(body): \(answer)")
            #expect((try? JSON.parse(answer.body))?["title"]?.string != nil, "problem details: \(answer.body)")
        }
        #expect(try platform.records("training.audit").count == before)
    }

    private func expectGoodEvents(_ platform: Platform) throws {
        let data =
            #"{"tenant":"default","action":"training.enabled","user":"u","recorded_at":"2026-01-01T00:00:00Z","details":{}}"#
        let binary = try platform.request(
            "POST",
            "/v1/events",
            body: data,
            headers: [
                "content-type: application/json", "ce-specversion: 1.0", "ce-id: b-1", "ce-source: /t",
                "ce-type: training.recorded",
            ]
        )
        #expect(binary.status == 202, "\(binary)")
        let event = #"{"specversion":"1.0","id":"b-2","source":"/t","type":"training.recorded","data":\#(data)}"#
        let batch = try platform.request(
            "POST",
            "/v1/events",
            body: "[\(event),\(event.replacing("b-2", with: "b-3"))]",
            headers: ["content-type: application/cloudevents-batch+json"]
        )
        #expect(batch.status == 202, "\(batch)")
        // 202 means durable: the records are there at once, without waiting.
        #expect(try platform.records("training.audit").count == 3)
    }
}
