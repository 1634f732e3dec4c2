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

    package let limits: ServerLimits
    package let logger: Logger
    package let metrics: ServerMetrics
    private let loops: [EventLoop]
    private let scratches: [LoopScratch]
    private let isCongested: @Sendable () -> Bool
    let makeHandler: HandlerFactory
    private let connectionCount = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)
    private var listeners: [Listener] = []
    private var nextLoop = 0

    /// `isCongested`: asked before each request; while true, no connection reads.
    package init(
        loops: [EventLoop],
        limits: ServerLimits,
        logger: Logger,
        metrics: ServerMetrics,
        isCongested: @escaping @Sendable () -> Bool,
        makeHandler: @escaping HandlerFactory
    ) {
        precondition(!loops.isEmpty, "a server needs a loop")
        self.loops = loops
        self.limits = limits
        self.logger = logger
        self.metrics = metrics
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
        guard connectionCount.load(ordering: .relaxed) < limits.connectionsMax else {
            Glibc.close(descriptor)
            metrics.faults.add()
            logger.warning("connection refused", ["peer": .value(peer), "reason": "max.connections is reached"])
            return
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

    private func sweep(_ index: Int) {
        let scratch = scratches[index]
        for connection in Array(scratch.connections.values) { connection.closeIfIdle(limits) }
        scratch.pool.trim()
        _ = loops[index].schedule(afterMilliseconds: Self.sweepMilliseconds) { [self] in sweep(index) }
    }
}
