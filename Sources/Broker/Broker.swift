package import Clocks
private import CommitLog
private import EventLoop
private import CLinux
private import Glibc
private import KafkaProtocol
private import Synchronization
package import Telemetry

/// The embedded broker: one node that speaks Kafka's protocol over a durable log.
///
/// `start` opens the data directory and listens; `stop` ends what is under way in order and closes the directory. It
/// never clusters: beyond one machine the log is Apache Kafka.
package final class Broker: Sendable {
    private struct Running {
        let services: BrokerServices
        let server: SocketServer
        let loops: [EventLoop]
        /// Looks at passwords.
        let checks: EventLoop
        let collector: Int
    }

    package let settings: BrokerSettings
    private let initialUsers: [InitialUser]
    private let clock: Clock
    private let logger: Logger
    private let registry: MetricsRegistry
    private let running = Mutex<Running?>(nil)

    package init(
        settings: BrokerSettings,
        initialUsers: [InitialUser] = [],
        clock: Clock = .system,
        logger: Logger = Logger("broker"),
        metrics: MetricsRegistry = .standard
    ) {
        self.settings = settings
        self.initialUsers = initialUsers
        self.clock = clock
        self.logger = logger
        registry = metrics
    }

    /// Opens the log, restores the groups and serves connections when it returns.
    ///
    /// - Returns: The address of the first listener, with the port that was found when 0 was asked for.
    /// - Throws: `EventLoopError`, `LogError` or the catalogue's error; nothing is left running then.
    package func start() throws -> BrokerSettings.Address {
        precondition(running.withLock { $0 == nil }, "the broker runs already")
        Self.raiseFileLimit()
        let started = clock.monotonicNanoseconds
        // Two of us never fight over a port with the log half open.
        let sockets = try Self.bind(settings.listeners)
        var stack = StartStack()
        do {
            try start(on: sockets, &stack)
        } catch {
            for socket in sockets { socket.close() }
            stack.undo()
            throw error
        }
        let elapsed = (clock.monotonicNanoseconds - started) / 1_000_000
        let bound = zip(settings.listeners, sockets).map { listener, socket in
            var address = listener.address
            if address.host.isEmpty { address.host = "0.0.0.0" }
            address.port = socket.port
            return address
        }
        for (listener, address) in zip(settings.listeners, bound) {
            logger.info(
                "listening",
                [
                    "address": "\(address)", "listener": .value(listener.name),
                    "security": .value(listener.security.rawValue), "data": .value(settings.dataDirectory),
                    "ms": .value(elapsed),
                ]
            )
        }
        return bound[0]
    }

    /// What clients of each listener are told to connect to; empty while the broker is stopped.
    package var listeners: [(name: String, address: BrokerSettings.Address)] {
        running.withLock { $0?.services.security.listeners.map { ($0.name, $0.advertised) } ?? [] }
    }

    /// Names the cluster; nil while the broker is stopped.
    package var clusterID: String? { running.withLock { $0?.services.directory.clusterID } }

    /// Answers what is under way, puts everything on disk and lets go of directory and threads.
    ///
    /// Blocks.
    package func stop() {
        guard
            let running = running.withLock({ running in
                defer { running = nil }
                return running
            })
        else { return }
        registry.removeCollector(running.collector)
        running.server.drain()
        let services = running.services
        Self.wait(services.groups.loop)
        Self.wait(services.administration)
        // Closing the log makes its appends durable, whose answers then leave through the loops.
        services.directory.close()
        for loop in running.loops { Self.wait(loop) }
        running.server.closeAll()
        for loop in running.loops { loop.stop() }
        services.groups.loop.stop()
        services.administration.stop()
        running.checks.stop()
        logger.info("stopped")
    }

    /// What has been started so far, to undo it when the next step fails.
    private struct StartStack {
        var loops: [EventLoop] = []
        var directory: LogDirectory?

        func undo() {
            for loop in loops { loop.stop() }
            directory?.close()
        }
    }

    private static func bind(_ listeners: [ListenerSettings]) throws -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        do throws(EventLoopError) {
            for listener in listeners {
                sockets.append(try ListeningSocket(host: listener.address.host, port: listener.address.port))
            }
        } catch {
            for socket in sockets { socket.close() }
            throw error
        }
        return sockets
    }

    private func start(on sockets: [ListeningSocket], _ stack: inout StartStack) throws {
        let (clock, logger) = (clock, logger)
        let directory = try LogDirectory(
            path: settings.dataDirectory,
            settings: settings.logDirectory,
            clock: clock,
            onEvent: { Self.report($0, logger) }
        )
        stack.directory = directory
        let administration = try EventLoop(name: "broker-admin")
        stack.loops.append(administration)
        let groupLoop = try EventLoop(name: "broker-groups")
        stack.loops.append(groupLoop)
        let configs = try ConfigStore(settings, directory: directory.path, logger)
        let catalogue = try TopicCatalogue(directory: directory, configs: configs, logger: logger)
        let offsets = try Self.offsetsTopic(catalogue, settings)
        let groups = GroupCoordinator(
            loop: groupLoop,
            settings: settings,
            clock: clock,
            logger: Logger("groups", sink: logger.sink),
            catalogue: catalogue,
            configs: configs,
            store: GroupStore(partitions: offsets.partitions, clock: clock, logger: logger, loop: groupLoop)
        )
        try groups.load()
        let producerIDs = try ProducerIDs(directory: directory.path)
        let transactions = TransactionCoordinator(
            store: TransactionStore(
                partitions: try Self.transactionsTopic(catalogue, settings).partitions,
                clock: clock,
                logger: logger,
                loop: groupLoop
            ),
            groups: groups,
            catalogue: catalogue,
            producerIDs: producerIDs,
            administration: administration,
            settings: settings,
            clock: clock,
            logger: Logger("transactions", sink: logger.sink)
        )
        try transactions.load()
        let checks = try EventLoop(name: "broker-login")
        stack.loops.append(checks)
        let security = try ListenerSecurity(
            configs,
            initialUsers: initialUsers,
            directory: directory.path,
            ports: sockets.map(\.port),
            checks: checks,
            logger
        )
        let services = BrokerServices(
            settings: settings,
            clock: clock,
            logger: logger,
            metrics: BrokerMetrics(registry),
            directory: directory,
            catalogue: catalogue,
            configs: configs,
            producerIDs: producerIDs,
            groups: groups,
            quotas: try Quotas(settings, directory: directory.path, clock: clock, metrics: registry),
            transactions: transactions,
            access: try AccessControl(settings, directory: directory.path),
            administration: administration,
            security: security
        )
        var loops: [EventLoop] = []
        for index in 0..<settings.int("num.network.threads") {
            let loop = try EventLoop(name: "broker-net-\(index)")
            stack.loops.append(loop)
            loops.append(loop)
        }
        let server = SocketServer(
            loops: loops,
            limits: settings.serverLimits,
            logger: logger,
            metrics: services.metrics.server,
            gate: try BrokerGate(configs, services.quotas),
            isCongested: { directory.isCongested },
            makeHandler: { KafkaSession(services: services, connection: $0) }
        )
        groups.start()
        transactions.start()
        Self.maintainLater(services)
        security.watch(on: administration)
        server.serve(Array(zip(sockets, security.listeners.map(\.endpoint))))
        let collector = BrokerMetrics.collectLog(directory, registry)
        running.withLock {
            $0 = Running(services: services, server: server, loops: loops, checks: checks, collector: collector)
        }
    }

    private static func offsetsTopic(_ catalogue: TopicCatalogue, _ settings: BrokerSettings) throws -> Topic {
        if let topic = catalogue.topic(TopicName.consumerOffsets) { return topic }
        return try catalogue.create(
            name: TopicName.consumerOffsets,
            partitionCount: Int32(clamping: settings.integer("offsets.topic.num.partitions")),
            configs: TopicConfigs([
                "cleanup.policy": "compact", "compression.type": "producer", "segment.bytes": "8388608",
                // The metadata of a group with thousands of members is one record.
                "max.message.bytes": "67108864",
            ])
        )
    }

    private static func transactionsTopic(_ catalogue: TopicCatalogue, _ settings: BrokerSettings) throws -> Topic {
        if let topic = catalogue.topic(TopicName.transactionState) { return topic }
        return try catalogue.create(
            name: TopicName.transactionState,
            partitionCount: Int32(clamping: settings.integer("transaction.state.log.num.partitions")),
            configs: TopicConfigs([
                "cleanup.policy": "compact", "compression.type": "uncompressed",
                "segment.bytes": String(settings.integer("transaction.state.log.segment.bytes")),
            ])
        )
    }

    private static func maintainLater(_ services: BrokerServices, lastTraffic: Int64 = 0) {
        let pause = min(services.settings.integer("log.retention.check.interval.ms"), 5_000)
        services.groups.run { services.metrics.groups.update($0.groups.values) }
        services.administration.post {
            for step in 1..<max(2, pause / noteMilliseconds) {
                _ = services.administration.schedule(afterMilliseconds: step * noteMilliseconds) {
                    services.directory.checkpointIfBehind()
                }
            }
            _ = services.administration.schedule(afterMilliseconds: pause) {
                services.directory.maintain()
                let traffic = services.metrics.server.bytesIn.value + services.metrics.server.bytesOut.value
                // After the last burst the allocator sits on what it freed; a quiet broker is a small one.
                if traffic - lastTraffic < quietBytes { soma_trim_heap() }
                maintainLater(services, lastTraffic: traffic)
            }
        }
    }

    /// How often to look whether a crash now would leave much to read.
    private static let noteMilliseconds: Int64 = 500

    /// Traffic between two rounds of maintenance below which the broker counts as quiet.
    private static let quietBytes: Int64 = 1 << 20

    private static func report(_ event: LogEvent, _ logger: Logger) {
        let partition = event.partition?.description ?? "-"
        switch event.severity {
        case .error: logger.error(event.message, ["partition": .value(partition)])
        case .warning: logger.warning(event.message, ["partition": .value(partition)])
        case .info: logger.info(event.message, ["partition": .value(partition)])
        }
    }

    /// Waits until a loop has done what was posted so far.
    private static func wait(_ loop: EventLoop) {
        let done = LoopBarrier()
        loop.post { loop.afterTurn { done.signal() } }
        done.wait()
    }

    /// Connections and segments need descriptors; the hard limit is ours to use.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    }
}
