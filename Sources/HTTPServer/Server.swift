import CMicroHTTPD
import Glibc
import Synchronization

/// An HTTP/1.1 server on threads of its own.
///
/// The handler is called on these threads with whole requests and must not block; it answers through the responder
/// now or later, from any thread.
package final class Server: Sendable {
    package typealias Handler = @Sendable (Request, Responder) -> Void

    /// Makes the answer to a request that is refused before a handler sees it: 400, 413, 417, 431, 503, 505.
    package typealias Refuse = @Sendable (_ path: String, _ status: Int, _ reason: String) -> Response

    package let address: String
    package let port: UInt16
    private let core: ServerCore
    private let daemon: Mutex<Daemon?>

    private struct Daemon: @unchecked Sendable {
        // Sendable holds: used under the lock only.
        let handle: OpaquePointer
    }

    /// Binds, listens and starts serving.
    ///
    /// - Throws: `ServerError` when the address cannot be had or no thread can be started.
    package init(
        _ settings: ServerSettings,
        refuse: @escaping Refuse = Server.refuseInPlainText,
        handler: @escaping Handler
    ) throws(ServerError) {
        let listener = try Listener(address: settings.address, port: settings.port)
        address = settings.address
        port = listener.port
        core = ServerCore(settings: settings, refuse: refuse, handler: handler)
        var options = soma_mhd_settings(
            listen_descriptor: listener.descriptor,
            threads: UInt32(clamping: settings.threads),
            connections_max: UInt32(clamping: settings.connectionsMax),
            connections_per_address_max: UInt32(clamping: settings.connectionsPerAddressMax),
            idle_seconds: UInt32(clamping: settings.idleSeconds),
            connection_memory_bytes: settings.headBytesMax
        )
        var callbacks = soma_mhd_callbacks(
            context: Unmanaged.passUnretained(core).toOpaque(),
            target: requestBegan,
            access: requestContinued,
            completed: requestCompleted,
            connection: connectionChanged
        )
        guard let handle = soma_mhd_start(&options, &callbacks) else {
            close(listener.descriptor)
            throw ServerError(description: "the HTTP server cannot start: no threads or memory")
        }
        daemon = Mutex(Daemon(handle: handle))
        core.startWatch()
    }

    deinit { stop(graceMilliseconds: 0) }

    /// What an answer in progress counts; for metrics.
    package var exchangeCount: Int { core.exchangeCount.load(ordering: .relaxed) }
    package var connectionCount: Int { core.connectionCount }

    /// Stops serving, when answers in progress have ended or the grace is over; blocks.
    package func stop(graceMilliseconds: Int) {
        guard
            let handle = daemon.withLock({ daemon -> Daemon? in
                defer { daemon = nil }
                return daemon
            })?.handle
        else { return }
        let listener = MHD_quiesce_daemon(handle)
        if listener >= 0 { close(listener) }
        core.isStopping.store(true, ordering: .sequentiallyConsistent)
        let deadline = monotonicMilliseconds() + Int64(graceMilliseconds)
        while exchangeCount > 0, monotonicMilliseconds() < deadline { usleep(5_000) }
        core.stopWatch()
        // libmicrohttpd ends the process when it is stopped with a sleeping connection, so all are woken first.
        core.abandonAll()
        MHD_stop_daemon(handle)
    }

    package static func refuseInPlainText(_ path: String, _ status: Int, _ reason: String) -> Response {
        .text(status: status, reason + "\n")
    }
}

/// What the callbacks share; lives as long as the server.
final class ServerCore: Sendable {
    let settings: ServerSettings
    let refuse: Server.Refuse
    let handler: Server.Handler
    let isStopping = Atomic<Bool>(false)
    let exchangeCount = Atomic<Int>(0)
    private let records = Mutex<[ObjectIdentifier: ConnectionRecord]>([:])
    private let watch = Watch()

    init(settings: ServerSettings, refuse: @escaping Server.Refuse, handler: @escaping Server.Handler) {
        self.settings = settings
        self.refuse = refuse
        self.handler = handler
    }

    var connectionCount: Int { records.withLock { $0.count } }

    func add(_ record: ConnectionRecord) { records.withLock { $0[ObjectIdentifier(record)] = record } }
    func remove(_ record: ConnectionRecord) {
        _ = records.withLock { $0.removeValue(forKey: ObjectIdentifier(record)) }
    }

    func startWatch() {
        watch.start { [self] in
            let now = monotonicMilliseconds()
            for record in records.withLock({ Array($0.values) }) { record.inspect(now: now, settings: settings) }
        }
    }

    func stopWatch() { watch.stop() }

    func abandonAll() {
        for record in records.withLock({ Array($0.values) }) {
            let exchange: LiveExchange? = record.state.withLock { state in
                guard case .answer(let exchange) = state.stage else { return nil }
                return exchange
            }
            exchange?.abandon()
        }
    }
}
