import HTTPClient
import HTTPServer
import Synchronization
import TestSupport
import Testing

private func makeServer(_ handler: @escaping Server.Handler) throws -> Server {
    var settings = ServerSettings()
    settings.port = 0
    return try Server(settings, handler: handler)
}

/// Keeps the pieces of an answer and tells when it has ended.
private final class Recorder: ResponseReceiver {
    private struct State {
        var status: Int?
        var pieces: [String] = []
        var ends: [ClientError?] = []
        var waiter: CheckedContinuation<ClientError?, Never>?
    }
    private let state = Mutex(State())
    let onBytes: @Sendable (String) -> Void

    init(onBytes: @escaping @Sendable (String) -> Void = { _ in }) { self.onBytes = onBytes }

    var status: Int? { state.withLock { $0.status } }
    var text: String { state.withLock { $0.pieces.joined() } }
    var endCount: Int { state.withLock { $0.ends.count } }

    func receive(head: ResponseHead) { state.withLock { $0.status = head.status } }
    func receive(bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        state.withLock { $0.pieces.append(text) }
        onBytes(text)
    }
    func end(_ error: ClientError?) {
        let waiter = state.withLock { state in
            state.ends.append(error)
            return state.waiter
        }
        waiter?.resume(returning: error)
    }

    func wait() async -> ClientError? {
        await withCheckedContinuation { continuation in
            let ended: ClientError?? = state.withLock { state in
                if let end = state.ends.first { return .some(end) }
                state.waiter = continuation
                return nil
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }
}

@Suite struct ClientTests {
    let client: Client

    init() throws { client = try Client() }

    @Test func `sends method, headers and body and reads the whole answer`() async throws {
        let server = try makeServer { request, responder in
            let text = "\(request.method) \(request.path) \(request.headers["x-a"] ?? "") "
            responder.respond(
                Response(status: 201, headers: [("X-B", "c")], body: Array(text.utf8) + request.body)
            )
        }
        let request = ClientRequest(
            method: "POST",
            url: "http://127.0.0.1:\(server.port)/p?q=1",
            headers: [("X-A", "b")],
            body: Array("hello\0there".utf8)
        )
        let response = try await client.send(request)
        #expect(response.status == 201)
        #expect(response.head.header("x-b") == "c")
        #expect(response.text == "POST /p b hello\0there")
    }

    @Test(arguments: ["GET", "DELETE", "HEAD"])
    func `sends requests without a body`(method: String) async throws {
        let server = try makeServer { request, responder in
            responder.respond(.text("\(request.method) \(request.body.count)"))
        }
        let response = try await client.send(ClientRequest(method: method, url: "http://127.0.0.1:\(server.port)/"))
        #expect(response.text == (method == "HEAD" ? "" : "\(method) 0"))
    }

    @Test func `an empty body is a body of no bytes`() async throws {
        let server = try makeServer { request, responder in
            responder.respond(.text(request.headers["content-length"] ?? "none"))
        }
        let request = ClientRequest(method: "POST", url: "http://127.0.0.1:\(server.port)/", body: [])
        #expect(try await client.send(request).text == "0")
    }

    @Test func `sends and receives megabytes`() async throws {
        let server = try makeServer { request, responder in responder.respond(Response(status: 200, body: request.body))
        }
        let body = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let request = ClientRequest(method: "PUT", url: "http://127.0.0.1:\(server.port)/", body: body)
        #expect(try await client.send(request).body == body)
    }

    @Test func `hands pieces over as they come`() async throws {
        let kept = Mutex<ResponseStream?>(nil)
        let server = try makeServer { _, responder in
            let stream = responder.stream(headers: [])
            stream?.write(Array("1".utf8))
            kept.withLock { $0 = stream }
        }
        // Each piece is answered by the next one: were they held back, this would never end.
        let recorder = Recorder { text in
            guard let last = Int(text), let stream = kept.withLock({ $0 }) else { return }
            if last < 9 { stream.write(Array(String(last + 1).utf8)) } else { stream.end() }
        }
        client.start(ClientRequest(url: "http://127.0.0.1:\(server.port)/"), recorder)
        #expect(await recorder.wait() == nil)
        #expect(recorder.text == "123456789")
    }

    @Test func `keeps connections open between requests`() async throws {
        let server = try makeServer { _, responder in responder.respond(.text("x")) }
        for _ in 0..<20 { _ = try await client.send(ClientRequest(url: "http://127.0.0.1:\(server.port)/")) }
        #expect(server.connectionCount == 1)
    }

    @Test func `serves many requests at once`() async throws {
        let server = try makeServer { request, responder in spawnThread { responder.respond(.text(request.path)) } }
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let url = "http://127.0.0.1:\(server.port)/\(number)"
                    return (try? await client.send(ClientRequest(url: url)))?.text == "/\(number)"
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test func `an error status is an answer`() async throws {
        let server = try makeServer { _, responder in responder.respond(.text(status: 503, "busy")) }
        let response = try await client.send(ClientRequest(url: "http://127.0.0.1:\(server.port)/"))
        #expect(response.status == 503)
        #expect(response.text == "busy")
    }

    @Test func `does not follow redirects`() async throws {
        let server = try makeServer { _, responder in
            responder.respond(Response(status: 302, headers: [("Location", "/elsewhere")]))
        }
        #expect(try await client.send(ClientRequest(url: "http://127.0.0.1:\(server.port)/")).status == 302)
    }
}

@Suite struct ClientFaultTests {
    let client: Client

    init() throws { client = try Client(transfersMax: 8) }

    private func failure(_ request: ClientRequest) async -> ClientError? {
        do throws(ClientError) {
            _ = try await client.send(request)
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/x", "", "http://", "http://a b/", "gopher://x", "http://x\r\ny/",
    ])
    func `refuses URLs that are not http`(url: String) async {
        guard case .invalidRequest = await failure(ClientRequest(url: url)) else {
            Issue.record("\(url)")
            return
        }
    }

    @Test func `refuses headers that would forge others`() async {
        for header in [("A", "b\r\nC: d"), ("A: b", "c"), ("", "c")] {
            guard case .invalidRequest = await failure(ClientRequest(url: "http://127.0.0.1:1/", headers: [header]))
            else {
                Issue.record("\(header)")
                continue
            }
        }
    }

    @Test func `says when nobody listens`() async {
        guard case .connectFailed = await failure(ClientRequest(url: "http://127.0.0.1:1/")) else {
            Issue.record("connected to port 1")
            return
        }
    }

    @Test func `says when the host is unknown`() async {
        guard case .unknownHost = await failure(ClientRequest(url: "http://no-such-host.invalid/")) else {
            Issue.record("found no-such-host.invalid")
            return
        }
    }

    @Test func `a silent server runs into the idle deadline`() async throws {
        let listener = try RawListener(answer: nil)
        var request = ClientRequest(url: "http://127.0.0.1:\(listener.port)/")
        request.idleMilliseconds = 50
        #expect(await failure(request) == .idleTimedOut)
    }

    @Test func `a stream that falls silent runs into the idle deadline`() async throws {
        let listener = try RawListener(
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            hangsUp: false
        )
        var request = ClientRequest(url: "http://127.0.0.1:\(listener.port)/")
        request.idleMilliseconds = 100
        #expect(await failure(request) == .idleTimedOut)
    }

    @Test func `a slow answer runs into the total deadline`() async throws {
        let listener = try RawListener(answer: nil)
        var request = ClientRequest(url: "http://127.0.0.1:\(listener.port)/")
        request.totalMilliseconds = 50
        #expect(await failure(request) == .totalTimedOut)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", "nonsense\r\n\r\n",
    ])
    func `an answer that is cut short is an error`(answer: String) async throws {
        let listener = try RawListener(answer: answer)
        guard case .cutShort = await failure(ClientRequest(url: "http://127.0.0.1:\(listener.port)/")) else {
            Issue.record("taken as whole: \(answer)")
            return
        }
    }

    @Test func `an answer that is too long is cut`() async throws {
        let listener = try RawListener(answer: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 1001))
        var request = ClientRequest(url: "http://127.0.0.1:\(listener.port)/")
        request.responseBytesMax = 1000
        #expect(await failure(request) == .tooLong(limit: 1000))
    }

    @Test func `a cancelled request ends at once, and only once`() async throws {
        let listener = try RawListener(answer: nil)
        let recorder = Recorder()
        let number = client.start(ClientRequest(url: "http://127.0.0.1:\(listener.port)/"), recorder)
        client.cancel(number)
        client.cancel(number)
        #expect(await recorder.wait() == .cancelled)
        client.stop()
        #expect(recorder.endCount == 1)
    }

    @Test func `a cancelled task cancels its request`() async throws {
        let listener = try RawListener(answer: nil)
        let task = Task { await failure(ClientRequest(url: "http://127.0.0.1:\(listener.port)/")) }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func `stopping ends what is on its way, and later requests are refused`() async throws {
        let listener = try RawListener(answer: nil)
        let recorder = Recorder()
        client.start(ClientRequest(url: "http://127.0.0.1:\(listener.port)/"), recorder)
        client.stop()
        guard case .unavailable = await recorder.wait() else {
            Issue.record("not ended")
            return
        }
        guard case .unavailable = await failure(ClientRequest(url: "http://127.0.0.1:\(listener.port)/")) else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `refuses more requests at once than it may hold`() async throws {
        let listener = try RawListener(answer: nil)
        let recorders = (0..<9).map { _ in Recorder() }
        for recorder in recorders { client.start(ClientRequest(url: "http://127.0.0.1:\(listener.port)/"), recorder) }
        guard case .unavailable = await recorders[8].wait() else {
            Issue.record("a ninth request was taken")
            return
        }
    }
}
