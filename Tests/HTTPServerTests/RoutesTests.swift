import HTTPServer
import Testing

@Suite struct RoutesTests {
    let routes: Routes

    init() {
        var routes = Routes { _, status, _ in .text(status: status, "no") }
        routes.add("GET", "/things") { _, _, responder in responder.respond(.text("all")) }
        routes.add("POST", "/things") { _, _, responder in responder.respond(.text(status: 201, "made")) }
        routes.add("GET", "/things/*") { _, rest, responder in responder.respond(.text("one \(rest)")) }
        self.routes = routes
    }

    @Test(arguments: [
        ("GET", "/things", 200, "all"), ("POST", "/things", 201, "made"), ("GET", "/things/a/b", 200, "one a/b"),
        ("HEAD", "/things", 200, "all"), ("GET", "/things/", 404, "no"), ("GET", "/thing", 404, "no"),
        ("DELETE", "/things", 405, "no"), ("POST", "/things/a", 405, "no"), ("OPTIONS", "/nothing", 404, "no"),
        ("OPTIONS", "/things", 204, ""), ("OPTIONS", "*", 204, ""), ("get", "/things", 405, "no"),
    ])
    func `finds the route or says why not`(method: String, path: String, status: Int, text: String) async {
        let answer = await RecordedExchange.send(Request(method: method, path: path), to: routes.handle).wait()
        #expect(answer.status == status)
        #expect(String(decoding: answer.body, as: UTF8.self) == text)
    }

    @Test func `names the methods of a path`() async {
        let answer = await RecordedExchange.send(Request(method: "PUT", path: "/things"), to: routes.handle).wait()
        #expect(answer.header("Allow") == "GET, HEAD, OPTIONS, POST")
    }

    @Test func `the twin plays streams and clients that leave`() async {
        let exchange = RecordedExchange.send(Request(path: "/")) { _, responder in
            let stream = responder.stream(headers: [])
            stream?.write(Array("a".utf8))
            stream?.write(Array("b".utf8))
            stream?.end()
        }
        #expect(await exchange.wait().body == Array("ab".utf8))
        let left = RecordedExchange.send(Request(path: "/")) { _, responder in
            responder.onGone { #expect(Bool(true)) }
            withExtendedLifetime(responder) {}
        }
        left.leave()
    }
}
