import Events
import Gateway
import HTTPServer
import JSON
import Testing

private let data = #"{"session_id":"s1","content":"hi"}"#
private let batch = "application/cloudevents-batch+json"

private func event(
    _ id: String = "e1",
    type: String = "message.user",
    extra: String = "",
    data: String = data
) -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"/t","type":"\#(type)"\#(extra),"data":\#(data)}"#
}

private let foreign =
    #"{"tenant":"other","action":"training.enabled","user":"u","recorded_at":"2026-01-01T00:00:00Z","details":{}}"#

@Suite struct EventsTests {
    let gateway: TestGateway

    init() throws { gateway = try TestGateway() }

    @Test func `accepts a structured event when it is durable and says where it is`() async throws {
        let extra = #","time":"2026-01-02T03:04:05.678+01:00","subject":"x","severity":"low","level":3"#
        let answer = await gateway.events(event(extra: extra)).wait()
        #expect(answer.status == 202)
        #expect(
            answer.json?["accepted"]
                == [["id": "e1", "topic": "conversation.events", "partition": 0, "offset": 0]]
        )
        let record = try #require(gateway.log.records.first)
        #expect(record.keyText == "s1")
        #expect(try JSON.parse(record.value) == JSON.parse(data))
        #expect(record.header("ce_id") == "e1")
        #expect(record.header("ce_tenant") == "acme")
        #expect(record.header("ce_time") == "2026-01-02T02:04:05.678Z")
        #expect(record.header("ce_subject") == "x")
        #expect(record.header("ce_severity") == "low")
        #expect(record.header("ce_level") == "3")
        #expect(record.header("ce_dataschema") == "message.user/v1")
        #expect(record.headers.count == Set(record.headers.map(\.name)).count)
    }

    @Test func `accepts a binary event and keeps its bytes`() async throws {
        let body = "{ \"session_id\" : \"s1\",\n\"content\":\"hi\" }"
        let headers = [
            ("content-type", "application/json; charset=utf-8"), ("ce-specversion", "1.0"), ("ce-id", "b%201"),
            ("ce-source", "/t"), ("ce-type", "message.user"),
        ]
        #expect(await gateway.send("POST", "/v1/events", headers: headers, body: body).wait().status == 202)
        let record = try #require(gateway.log.records.first)
        #expect(record.value == Array(body.utf8))
        #expect(record.header("ce_id") == "b 1")
    }

    @Test func `accepts a batch in order`() async {
        let answer = await gateway.events("[\(event("a")),\(event("b"))]", type: batch).wait()
        #expect(answer.status == 202)
        #expect(answer.json?["accepted"]?.array?.map { $0["id"]?.string } == ["a", "b"])
        #expect(await gateway.events("[]", type: batch).wait().status == 202)
    }

    @Test func `writes nothing of a batch with one bad event, and names it`() async {
        let bad = event("b", data: #"{"session_id":"s1","content":7,"more":1}"#)
        let answer = await gateway.events("[\(event("a")),\(bad)]", type: batch).wait()
        #expect(answer.status == 400)
        #expect(answer.header("content-type") == "application/problem+json")
        #expect(
            answer.json?["errors"] == [
                ["index": 1, "pointer": "/data/content", "reason": "must be a string"],
                ["index": 1, "pointer": "/data/more", "reason": "is not a member of this type"],
            ]
        )
        #expect(gateway.log.records.isEmpty)
    }

    @Test(arguments: [
        (#"{"id":"1"}"#, "/specversion"), (#"{"id":"1"}"#, "/source"), (#"{"id":"1"}"#, "/type"), (event(""), "/id"),
        (event().replacing(#""id":"e1""#, with: #""id":7"#), "/id"),
        (event().replacing("1.0", with: "0.3"), "/specversion"),
        (event().replacing("/t", with: "a b"), "/source"), (event(type: "mesage.user"), "/type"),
        (event(extra: #","time":"noon""#), "/time"), (event(extra: #","Bad_Name":"x""#), "/Bad_Name"),
        (event(extra: #","nested":{}"#), "/nested"),
        (event(extra: #","datacontenttype":"text/xml""#), "/datacontenttype"),
        (event(extra: #","dataschema":"message.user/v9""#), "/dataschema"),
        (event(extra: #","tenant":"other""#), "/tenant"),
        (event(extra: #","id":"e2""#), "/id"), (event(extra: #","data_base64":"AA==""#), "/data_base64"),
        (event(data: "[]"), "/data"), (event(data: #"{"session_id":"s"}"#), "/data/content"),
        (event(data: #"{"content":"hi"}"#), "/partitionkey"),
        (event(type: "training.recorded", data: foreign), "/data/tenant"),
    ])
    func `refuses a bad event and points at the fault`(body: String, pointer: String) async {
        let answer = await gateway.events(body).wait()
        #expect(answer.status == 400)
        let pointers = answer.json?["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? []
        #expect(pointers.contains(pointer), "\(answer.text)")
        #expect(answer.json?["title"]?.string != nil)
        #expect(gateway.log.records.isEmpty)
    }

    @Test func `suggests the type that was meant`() async {
        #expect(await gateway.events(event(type: "mesage.user")).wait().text.contains("did you mean message.user?"))
    }

    @Test(arguments: [
        "", "text/plain", "application/cloudevents+avro", "application/cloudevents", "multipart/form-data",
    ])
    func `refuses content types it does not read`(type: String) async {
        let answer = await gateway.events(event(), type: type).wait()
        #expect(answer.status == 415)
        #expect(answer.text.contains("content-type"))
    }

    @Test(arguments: ["{", "", "[", "nul", "{}x"])
    func `refuses malformed JSON`(body: String) async {
        for type in ["application/cloudevents+json", batch, "application/json"] {
            #expect(await gateway.events(body, type: type).wait().status == 400)
        }
    }

    @Test func `a batch that is no list, and a list that is no batch, are refused`() async {
        #expect(await gateway.events(event(), type: batch).wait().status == 400)
        #expect(await gateway.events("[\(event())]").wait().status == 400)
        #expect(await gateway.events("[1]", type: batch).wait().status == 400)
    }

    @Test func `a record over the limit is 413 and stops its batch`() async {
        let large = event(data: #"{"session_id":"s1","content":"\#(String(repeating: "x", count: 1 << 20))"}"#)
        #expect(await gateway.events("[\(event()),\(large)]", type: batch).wait().status == 413)
        #expect(gateway.log.records.isEmpty)
    }

    @Test func `a key may be limited to types`() async {
        #expect(await gateway.events(event(), key: "key-c").wait().status == 202)
        #expect(await gateway.events(event(type: "usage.recorded", data: "{}"), key: "key-c").wait().status == 403)
    }

    @Test(arguments: [(AppendError.unavailable("down"), 503), (.overloaded, 503), (.refused("no"), 500)])
    func `never says 202 for what is not durable`(error: AppendError, status: Int) async {
        gateway.log.fail(with: error)
        let answer = await gateway.events(event()).wait()
        #expect(answer.status == status)
        #expect((answer.header("retry-after") != nil) == (status == 503))
    }

    @Test func `a hostile batch gets a short answer`() async {
        let body = "[" + Array(repeating: "{}", count: 5000).joined(separator: ",") + "]"
        let answer = await gateway.events(body, type: batch).wait()
        #expect(answer.status == 400)
        #expect(answer.body.count < 20_000)
        let many = "[" + Array(repeating: "1", count: 10_001).joined(separator: ",") + "]"
        #expect(await gateway.events(many, type: batch).wait().status == 400)
    }
}
