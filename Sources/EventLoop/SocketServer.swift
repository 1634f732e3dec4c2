private import CLinux
private import Glibc
private import Synchronization
package import Telemetry

/// Listening TCP sockets whose connections are spread over several loops.
package final class SocketServer: @unchecked Sendable {
    // Sendable holds: the listening socket lives on the first loop's thread, each `LoopScratch` on its own loop's; what
    // both sides look at is atomic.

    /// Makes the handler of a new connection, on the connection's loop.
    package typealias HandlerFactory = @Sendable (Connection) -> any FrameHandler

    private static let sweepMilliseconds: Int64 = 5_000
    private static let congestionCheckMilliseconds: Int64 = 2
    /// Accepts of one turn.
    private static let acceptsPerTurn = 64
    /// Refused connections that are kept open for a while.
    private static let refusedMax = 1000
    /// Every connection may have a request of so many bytes unfinished, however many there are.
    private static let inboxBytesMin = 64 << 10

    package let limits: ServerLimits
    package let logger: Logger
    package let metrics: ServerMetrics
    private let loops: [EventLoop]
    private let scratches: [LoopScratch]
    private let isCongested: @Sendable () -> Bool
    let makeHandler: HandlerFactory
    private let gate: (any ConnectionGate)?
    let faultLog: FaultLog
    /// Bytes of requests that have not arrived whole, over all connections.
    private let inboxBytes = Atomic<Int>(0)
    private var refusedCount = 0
    private let connectionCount = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)
    private var listeners: [Listener] = []
    private var nextLoop = 0

    /// `isCongested`: asked before each request; while true, no connection reads.
    ///
    /// `gate`: lets connections in; without one, `limits.connectionsMax` does.
    package init(
        loops: [EventLoop],
        limits: ServerLimits,
        logger: Logger,
        metrics: ServerMetrics,
        gate: (any ConnectionGate)? = nil,
        isCongested: @escaping @Sendable () -> Bool,
        makeHandler: @escaping HandlerFactory
    ) {
        precondition(!loops.isEmpty, "a server needs a loop")
        self.loops = loops
        self.limits = limits
        self.logger = logger
        self.metrics = metrics
        self.gate = gate
        faultLog = FaultLog(logger)
        self.isCongested = isCongested
        self.makeHandler = makeHandler
        scratches = loops.map { _ in LoopScratch() }
    }

    /// Begins to take the connections that wait at bound sockets, which are ours from now on.
    package func serve(_ sockets: [(ListeningSocket, Endpoint)]) {
        for (socket, endpoint) in sockets {
            loops[0].post { [self] in listen(socket.descriptor, endpoint) }
        }
        for index in loops.indices { loops[index].post { [self] in sweep(index) } }
    }

    private func listen(_ descriptor: Int32, _ endpoint: Endpoint) {
        let listener = Listener(descriptor: descriptor, loop: loops[0]) { [self] in
            acceptAvailable($0, descriptor, endpoint)
        }
        listener.start(logger)
        listeners.append(listener)
    }

    /// Takes no new connections and reads no further requests; answers under way still leave.
    package func drain() {
        draining.store(true, ordering: .releasing)
        loops[0].post { [self] in
            for listener in listeners { listener.stop() }
            listeners = []
        }
        for (loop, scratch) in zip(loops, scratches) {
            loop.post { for connection in scratch.connections.values { connection.updateInterest() } }
        }
    }

    /// Closes all connections.
    ///
    /// Stop the loops after it; they still run what was posted.
    package func closeAll() {
        for (loop, scratch) in zip(loops, scratches) {
            loop.post { for connection in Array(scratch.connections.values) { connection.close(nil) } }
        }
    }

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// Whether the broker has too much to write; then the connection is told when that is over.
    func isCongestedNow(on connection: Connection) -> Bool {
        guard isCongested() else { return false }
        guard !connection.isHeldByCongestion else { return true }
        let scratch = connection.scratch
        if scratch.congested.isEmpty { scheduleCongestionCheck(connection.loop, scratch) }
        connection.isHeldByCongestion = true
        scratch.congested.append(connection)
        return true
    }

    func forget(_ connection: Connection) {
        guard connection.scratch.connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        metrics.connections.set(connectionCount.wrappingSubtract(1, ordering: .relaxed).newValue)
        gate?.release(connection.address)
    }

    func noteInbox(_ change: Int) { inboxBytes.wrappingAdd(change, ordering: .relaxed) }

    /// Whether unfinished requests hold too much memory, and one of `byteCount` bytes more than its share of it.
    func isInboxTooLarge(_ byteCount: Int) -> Bool {
        guard byteCount > Self.inboxBytesMin, inboxBytes.load(ordering: .relaxed) > limits.inboxBytesMax else {
            return false
        }
        return byteCount > limits.inboxBytesMax / max(1, connectionCount.load(ordering: .relaxed))
    }

    private func scheduleCongestionCheck(_ loop: EventLoop, _ scratch: LoopScratch) {
        _ = loop.schedule(afterMilliseconds: Self.congestionCheckMilliseconds) {
            let waiting = scratch.congested
            scratch.congested = []
            for connection in waiting {
                connection.isHeldByCongestion = false
                // If it is not over, this puts the connection on the list again.
                connection.resume()
            }
        }
    }

    private func acceptAvailable(_ listener: Listener, _ descriptor: Int32, _ endpoint: Endpoint) {
        for _ in 0..<Self.acceptsPerTurn {
            var peer = ""
            let accepted = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
                let accepted = soma_accept(descriptor, text.baseAddress, Int32(text.count))
                if accepted >= 0, let base = text.baseAddress { peer = String(cString: base) }
                return accepted
            }
            guard accepted >= 0 else {
                if errno == EMFILE || errno == ENFILE {
                    logger.error("no file descriptors left for connections", ["limit": "ulimit -n"])
                    listener.pause(milliseconds: 100)
                }
                return
            }
            admit(accepted, peer: peer, endpoint)
        }
    }

    private func admit(_ descriptor: Int32, peer: String, _ endpoint: Endpoint) {
        let admission: Admission =
            if let gate {
                gate.admit(Connection.address(of: peer))
            } else if connectionCount.load(ordering: .relaxed) < limits.connectionsMax {
                .admitted
            } else {
                .refused(reason: "max.connections is reached", afterMilliseconds: 0)
            }
        if case .refused(let reason, let time) = admission {
            metrics.faults.add()
            faultLog.report("connection refused", peer: peer, reason: reason, now: loops[0].nowMilliseconds)
            return refuse(descriptor, afterMilliseconds: time)
        }
        metrics.connections.set(connectionCount.wrappingAdd(1, ordering: .relaxed).newValue)
        metrics.accepted.add()
        let index = nextLoop % loops.count
        nextLoop += 1
        let (loop, scratch) = (loops[index], scratches[index])
        loop.post { [self] in
            let connection = Connection(
                loop: loop,
                server: self,
                scratch: scratch,
                descriptor: descriptor,
                peer: peer,
                endpoint: endpoint
            )
            scratch.connections[ObjectIdentifier(connection)] = connection
            do throws(EventLoopError) {
                try connection.start()
            } catch {
                connection.close(ConnectionFault("\(error)"))
            }
        }
    }

    /// Closes a connection that was never served; one that came too soon waits, so that it does not come again at once.
    private func refuse(_ descriptor: Int32, afterMilliseconds time: Int64) {
        guard time > 0, refusedCount < Self.refusedMax else {
            Glibc.close(descriptor)
            return
        }
        refusedCount += 1
        _ = loops[0].schedule(afterMilliseconds: min(time, limits.stallMilliseconds)) { [self] in
            refusedCount -= 1
            Glibc.close(descriptor)
        }
    }

    private func sweep(_ index: Int) {
        let scratch = scratches[index]
        for connection in Array(scratch.connections.values) { connection.closeIfIdle(limits) }
        scratch.pool.trim()
        faultLog.flush(now: loops[index].nowMilliseconds)
        _ = loops[index].schedule(afterMilliseconds: Self.sweepMilliseconds) { [self] in sweep(index) }
    }
}
