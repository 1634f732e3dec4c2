import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Echoes what it understood, or does what the path says.
private func serve(_ request: Request, _ responder: Responder) {
    switch request.path {
    case "/later":
        spawnThread { responder.respond(.text("later")) }
    case "/never":
        break
    case "/stream":
        guard let stream = responder.stream(headers: [("content-type", "text/event-stream")]) else { return }
        spawnThread {
            for number in 0..<100 { stream.write(Array("data: \(number)\n\n".utf8)) }
            stream.end()
        }
    default:
        var text = "\(request.method) \(request.path)"
        for parameter in request.query { text += " \(parameter.name)=\(parameter.value)" }
        responder.respond(.text("\(text) \(request.body.count)"))
    }
}

private func start(_ change: (inout ServerSettings) -> Void = { _ in }, _ handler: @escaping Server.Handler = serve)
    throws
    -> Server
{
    var settings = ServerSettings()
    settings.port = 0
    change(&settings)
    return try Server(settings, handler: handler)
}

@Suite struct ServerTests {
    @Test func `answers several requests on one connection`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        for number in 1...3 {
            connection.send("GET /a%20b?n=\(number)&x=%26+y HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(connection.receive(until: "y 0").contains("GET /a b n=\(number) x=& y 0"))
        }
    }

    @Test func `answers from another thread`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        for _ in 0..<200 {
            connection.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(connection.receive(until: "later").contains("200 OK"))
        }
    }

    @Test func `answers pipelined requests in order`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        connection.send(
            "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\nGET /three HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        let all = connection.receiveAll()
        let places = ["later", "GET /two 0", "GET /three 0"].map { all.ranges(of: $0).first?.lowerBound }
        #expect(places.allSatisfy { $0 != nil })
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
    }

    @Test func `reads bodies with a length and in chunks`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        connection.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        #expect(connection.receive(until: "/p").contains("POST /p 5"))
        connection.send(
            "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
        )
        #expect(connection.receive(until: "/p").contains("POST /p 7"))
    }

    @Test func `a responder that is let go answers 500`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        connection.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(connection.receive(until: "answered").contains("500"))
    }

    @Test func `HEAD has no body`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        connection.send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let answer = connection.receiveAll()
        #expect(answer.contains("200 OK"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [
        ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET relative HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
        ("G(T / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET / HTTP/3.7\r\nHost: x\r\n\r\n", "505"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\na", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\na", "4"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\na", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\na", "417"),
        ("GET / HTTP/1.1\r\nHost: x\r\nBad Name: v\r\n\r\n", "400"),
        ("complete nonsense\r\n\r\n", ""),
    ])
    func `refuses what can be read in two ways, and lives on`(bytes: String, status: String) throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        connection.send(bytes)
        connection.finishSending()
        let answer = connection.receiveAll()
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
        #expect(status.isEmpty || !answer.isEmpty)
        let next = try RawConnection(port: server.port)
        next.send("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(next.receive(until: "alive").contains("GET /alive 0"))
    }

    @Test func `refuses bytes that are not UTF-8 in the target and in headers`() throws {
        let server = try start()
        for line in ["GET /\u{1} HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-A: \u{1}\r\n"] {
            let connection = try RawConnection(port: server.port)
            connection.send(Array(line.utf8).map { $0 == 1 ? 0xFF : $0 } + Array("\r\n".utf8))
            #expect(connection.receiveAll().contains(" 400 "))
        }
    }

    @Test func `random bytes never end the server`() throws {
        let server = try start()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let connection = try RawConnection(port: server.port)
            let prefix = Bool.random() ? "POST /x HTTP/1.1\r\nHost: x\r\n" : ""
            connection.send(Array(prefix.utf8) + (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) })
            connection.finishSending()
        }
        let next = try RawConnection(port: server.port)
        next.send("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(next.receive(until: "alive").contains("GET /alive 0"))
    }

    @Test func `refuses a declared body that is too long before it is sent`() throws {
        let server = try start { $0.bodyBytesMax = 1000 }
        let connection = try RawConnection(port: server.port)
        connection.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
        #expect(connection.receive(until: "bytes").contains("413"))
    }

    @Test func `refuses a chunked body as soon as it is too long`() throws {
        let server = try start { $0.bodyBytesMax = 1000 }
        let connection = try RawConnection(port: server.port)
        connection.send("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send("400\r\n" + String(repeating: "a", count: 1024) + "\r\n")
        #expect(connection.receive(until: "bytes").hasPrefix("HTTP/1.1 413"))
    }

    @Test func `takes a body of the greatest length`() throws {
        let server = try start { $0.bodyBytesMax = 1_000_000 }
        let connection = try RawConnection(port: server.port)
        connection.send(
            "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + String(repeating: "a", count: 1_000_000)
        )
        #expect(connection.receive(until: "/p").contains("POST /p 1000000"))
    }

    @Test func `refuses a head that is too long`() throws {
        let server = try start()
        let connection = try RawConnection(port: server.port)
        connection.send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + String(repeating: "a", count: 70_000) + "\r\n\r\n")
        let status = connection.receiveAll().split(separator: " ").dropFirst().first
        #expect(status == "431" || status == "413")
    }

    @Test func `cuts a client that says nothing`() throws {
        let server = try start { $0.idleSeconds = 1 }
        let connection = try RawConnection(port: server.port)
        connection.send("GET / HTTP/1.1\r\n")
        #expect(!connection.receiveAll().contains("200"))
    }

    @Test func `cuts a body that drips`() throws {
        let server = try start { $0.bodySeconds = 1 }
        let connection = try RawConnection(port: server.port)
        connection.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na")
        #expect(connection.receiveAll() == "")
    }
}
