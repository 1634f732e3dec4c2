import Bytes
import Clocks
import EventLoop
import Synchronization
import Telemetry
import TestSupport
import Testing

/// Answers each frame with its bytes; a frame that begins with `w` waits until `release`.
private final class EchoHandler: FrameHandler {
    private let shared: EchoState

    init(_ shared: EchoState) { self.shared = shared }

    func receive(_ frame: UnsafeRawBufferPointer, _ responder: Responder) throws(ConnectionFault) {
        if frame.first == UInt8(ascii: "x") { throw ConnectionFault("x is not liked") }
        var writer = ByteWriter()
        writer.writeInt32(Int32(frame.count))
        writer.writeBytes(frame)
        let answer = OutputChunk(writer.finish())
        if frame.first == UInt8(ascii: "w") {
            shared.held.withLock { $0.append { responder.send([answer]) } }
        } else {
            responder.send([answer])
        }
        shared.received.wrappingAdd(1, ordering: .relaxed)
    }

    func closed() { shared.closed.wrappingAdd(1, ordering: .relaxed) }
}

private final class EchoState: Sendable {
    let held = Mutex<[@Sendable () -> Void]>([])
    let received = Atomic<Int>(0)
    let closed = Atomic<Int>(0)

    func release() { for answer in held.withLock({ $0 }) { answer() } }
}

private final class EchoServer {
    let state = EchoState()
    let loops: [EventLoop]
    let server: SocketServer
    let port: UInt16

    init(_ limits: ServerLimits = ServerLimits()) throws {
        loops = try (0..<2).map { try EventLoop(name: "test-\($0)") }
        let state = state
        server = SocketServer(
            loops: loops,
            limits: limits,
            logger: Logger("test", sink: LogSink(collectingWith: .system)),
            metrics: ServerMetrics(MetricsRegistry(), prefix: "test"),
            isCongested: { false },
            makeHandler: { _ in EchoHandler(state) }
        )
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        port = socket.port
        server.serve([(socket, .open)])
    }

    deinit {
        server.drain()
        server.closeAll()
        for loop in loops { loop.stop() }
    }
}

private func frame(_ text: String) -> [UInt8] {
    let size = UInt32(text.utf8.count)
    return [UInt8(size >> 24), UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255)] + Array(text.utf8)
}

@Suite struct SocketServerTests {
    @Test func `answers leave in the order of the requests, whatever order they come in`() throws {
        let server = try EchoServer()
        let connection = try RawConnection(port: server.port)
        connection.send(frame("wait1") + frame("a") + frame("wait2") + frame("end"))
        while server.state.received.load(ordering: .relaxed) < 4 {}
        server.state.release()
        let text = connection.receive(until: "end")
        let order = ["wait1", "a", "wait2", "end"].compactMap { text.firstRange(of: $0)?.lowerBound }
        #expect(order.count == 4 && order == order.sorted())
    }

    @Test func `frames in pieces of any size arrive whole`() throws {
        let server = try EchoServer()
        let connection = try RawConnection(port: server.port)
        let long = String(repeating: "abcdefgh", count: 100_000)
        var bytes = frame("1") + frame(long) + frame("2") + frame("END")
        for size in [1, 2, 3, 5, 1000, 70_000] {
            connection.send(Array(bytes.prefix(size)))
            bytes.removeFirst(size)
        }
        connection.send(bytes)
        #expect(connection.receive(until: "END").contains(long))
    }

    @Test func `a peer with too much in flight is read again when it is answered`() throws {
        var limits = ServerLimits()
        limits.inFlightRequestsMax = 2
        let server = try EchoServer(limits)
        let connection = try RawConnection(port: server.port)
        connection.send(frame("w1") + frame("w2") + frame("a") + frame("b") + frame("END"))
        while server.state.received.load(ordering: .relaxed) < 2 {}
        #expect(server.state.received.load(ordering: .relaxed) == 2)
        server.state.release()
        #expect(connection.receive(until: "END").contains("b"))
    }

    @Test func `a frame above the limit and a fault of the handler close the connection`() throws {
        var limits = ServerLimits()
        limits.frameBytesMax = 100
        let server = try EchoServer(limits)
        for bytes in [frame(String(repeating: "a", count: 101)), frame("xyz"), [0xff, 0, 0, 0]] {
            let connection = try RawConnection(port: server.port)
            connection.send(bytes)
            #expect(connection.receiveAll().isEmpty)
        }
    }

    @Test func `connections beyond the limit are closed, and taken again when others have gone`() throws {
        var limits = ServerLimits()
        limits.connectionsMax = 1
        let server = try EchoServer(limits)
        do {
            let first = try RawConnection(port: server.port)
            first.send(frame("a"))
            #expect(first.receive(until: "a").contains("a"))
            #expect(try RawConnection(port: server.port).receiveAll().isEmpty)
        }
        while server.state.closed.load(ordering: .relaxed) < 1 {}
        let next = try RawConnection(port: server.port)
        next.send(frame("END"))
        #expect(next.receive(until: "END").contains("END"))
    }
}
