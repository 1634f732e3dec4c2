import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Something a test waits for, set from a callback.
private final class Signal: Sendable {
    private let state = Mutex<(isSet: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func set() {
        let waiters = state.withLock { state in
            state.isSet = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isSet = state.withLock { state in
                if !state.isSet { state.waiters.append(continuation) }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }
}

private let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

private func settings(_ change: (inout ServerSettings) -> Void = { _ in }) -> ServerSettings {
    var settings = ServerSettings()
    settings.port = 0
    change(&settings)
    return settings
}

@Suite struct StreamTests {
    @Test func `sends pieces as they are written and ends with the last`() async throws {
        let kept = Mutex<ResponseStream?>(nil)
        let ready = Signal()
        let server = try Server(settings()) { _, responder in
            kept.withLock { $0 = responder.stream(headers: [("content-type", "text/event-stream")]) }
            ready.set()
        }
        let connection = try RawConnection(port: server.port)
        connection.send(request)
        await ready.wait()
        let stream = try #require(kept.withLock { $0 })
        #expect(connection.receive(until: "\r\n\r\n").contains("text/event-stream"))
        for number in 0..<50 {
            #expect(stream.write(Array("data: \(number)\n\n".utf8)))
            #expect(connection.receive(until: "data: \(number)\n\n").contains("data: \(number)\n\n"))
        }
        stream.end()
        #expect(!stream.write([1]))
        #expect(connection.receive(until: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
        connection.send(request)
        #expect(connection.receive(until: "\r\n\r\n").contains("200"))
    }

    @Test func `many threads may write at once and nothing is lost`() async throws {
        let server = try Server(settings()) { _, responder in
            guard let stream = responder.stream(headers: []) else { return }
            let left = Mutex(4)
            let writers = Writers(stream: stream, left: left)
            for _ in 0..<4 { spawnThread { writers.run() } }
        }
        let connection = try RawConnection(port: server.port)
        connection.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let all = connection.receiveAll()
        #expect(all.split(separator: "x", omittingEmptySubsequences: false).count > 4000)
        #expect(all.hasSuffix("0\r\n\r\n"))
    }

    private final class Writers: Sendable {
        let stream: ResponseStream
        let left: Mutex<Int>
        init(stream: ResponseStream, left: consuming Mutex<Int>) {
            self.stream = stream
            self.left = left
        }
        func run() {
            for _ in 0..<1000 { stream.write(Array("x".utf8)) }
            if left.withLock({ left in
                left -= 1; return left == 0
            }) {
                stream.end()
            }
        }
    }

    @Test func `tells of a client that left a stream`() async throws {
        let gone = Signal()
        let ready = Signal()
        let kept = Mutex<ResponseStream?>(nil)
        let server = try Server(settings()) { _, responder in
            responder.onGone { gone.set() }
            kept.withLock { $0 = responder.stream(headers: []) }
            ready.set()
        }
        var connection: RawConnection? = try RawConnection(port: server.port)
        connection?.send(request)
        await ready.wait()
        _ = connection?.receive()
        connection = nil
        await gone.wait()
        #expect(kept.withLock { $0?.write([1]) } == false)
    }

    @Test func `tells of a client that left before the answer`() async throws {
        let gone = Signal()
        let ready = Signal()
        let kept = Mutex<Responder?>(nil)
        let server = try Server(settings()) { _, responder in
            responder.onGone { gone.set() }
            kept.withLock { $0 = responder }
            ready.set()
        }
        let connection = try RawConnection(port: server.port)
        connection.send(request)
        await ready.wait()
        connection.reset()
        await gone.wait()
        #expect(kept.withLock { $0?.respond(.text("too late")) } == false)
        while server.exchangeCount > 0 { await Task.yield() }
    }

    @Test func `a client that does not read fills its buffer and counts as gone`() async throws {
        let gone = Signal()
        let server = try Server(settings { $0.streamBufferBytesMax = 64 << 10 }) { _, responder in
            responder.onGone { gone.set() }
            guard let stream = responder.stream(headers: []) else { return }
            spawnThread { while stream.write([UInt8](repeating: 0x78, count: 4096)) {} }
        }
        let connection = try RawConnection(port: server.port)
        connection.send(request)
        await gone.wait()
        _ = connection
    }

    @Test func `a silent stream gets comments`() throws {
        let kept = Mutex<ResponseStream?>(nil)
        let server = try Server(settings { $0.streamCommentSeconds = 1 }) { _, responder in
            kept.withLock { $0 = responder.stream(headers: []) }
        }
        let connection = try RawConnection(port: server.port)
        connection.send(request)
        #expect(connection.receive(until: ": ping\n\n").contains(": ping\n\n"))
    }

    @Test func `stopping ends answers that never come`() async throws {
        let ready = Signal()
        let kept = Mutex<[Responder]>([])
        let streams = Mutex<[ResponseStream]>([])
        let server = try Server(settings()) { request, responder in
            if request.path == "/stream", let stream = responder.stream(headers: []) {
                streams.withLock { $0.append(stream) }
            } else {
                kept.withLock { $0.append(responder) }
            }
            if kept.withLock({ $0.count }) + streams.withLock({ $0.count }) == 2 { ready.set() }
        }
        let first = try RawConnection(port: server.port)
        first.send(request)
        let second = try RawConnection(port: server.port)
        second.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await ready.wait()
        server.stop(graceMilliseconds: 20)
        #expect(first.receiveAll() == "")
        _ = second.receiveAll()
        #expect(throws: (any Error).self) { try RawConnection(port: server.port) }
        #expect(kept.withLock { $0.allSatisfy { !$0.respond(.text("late")) } })
        #expect(streams.withLock { $0.allSatisfy { !$0.write([1]) } })
    }

    @Test func `stopping lets an answer end first`() async throws {
        let ready = Signal()
        let kept = Mutex<Responder?>(nil)
        let server = try Server(settings()) { _, responder in
            kept.withLock { $0 = responder }
            ready.set()
        }
        let connection = try RawConnection(port: server.port)
        connection.send(request)
        await ready.wait()
        let stopped = Signal()
        spawnThread {
            server.stop(graceMilliseconds: 10_000)
            stopped.set()
        }
        let responder = try #require(
            kept.withLock { responder in
                defer { responder = nil }
                return responder
            }
        )
        #expect(responder.respond(.text("in time")))
        #expect(connection.receive(until: "in time").contains("in time"))
        await stopped.wait()
    }
}
