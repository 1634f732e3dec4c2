private import Broker
private import ConsumerLag
private import Declarations
private import Glibc
private import RdKafka
private import Telemetry
private import VectorSink

/// The whole platform in one process: what `soma dev` runs.
///
/// The initialiser blocks until everything is ready, `stop` until everything has stopped.
package final class DevNode: Sendable {
    /// A port of ours belongs to somebody else.
    package struct PortInUse: Error, CustomStringConvertible {
        let port: UInt16
        let part: String
        package var description: String {
            "port \(port) of the \(part) is in use; stop what listens there, or move all ports with --port-offset N"
        }
    }

    /// Where the log is, and which one it is.
    private struct LogAddress: Sendable {
        let brokers: String
        let clusterID: String
    }

    package let instance: DevInstance
    /// What the person who started it should know.
    package let notes: [String]
    private let stack: StopStack
    private static let log = Logger("node")
    /// Longer than a group of Apache Kafka takes to give up the members of a killed process.
    private static let readyDeadline = Duration.seconds(60)

    /// Starts everything.
    ///
    /// - Parameters:
    ///   - settings: How it was asked to run.
    ///   - isCancelled: Asked while it waits; true gives the start up.
    /// - Throws: What the first part that failed says; nothing is left running then.
    package init(_ settings: DevSettings, isCancelled: @escaping @Sendable () -> Bool = { false }) throws {
        let begin = ContinuousClock.now
        let stack = StopStack()
        self.stack = stack
        do {
            (instance, notes) = try Self.start(settings, stack, isCancelled)
        } catch {
            stack.stopAll()
            throw error
        }
        Self.log.info("ready", ["took": .value("\(ContinuousClock.now - begin)")])
    }

    package func stop() { stack.stopAll() }

    private static func start(
        _ settings: DevSettings,
        _ stack: StopStack,
        _ isCancelled: () -> Bool
    ) throws -> (DevInstance, [String]) {
        let folder = try DataFolder(settings.data)
        stack.add("data folder") { folder.release() }
        try checkPorts(settings)
        let resources = try DeclaredResources.builtin()
        let apiKey = try folder.apiKey()

        let postgres = Latch<String>()
        let brokers = Latch<LogAddress>()
        let topics = Latch<TopicSetup.Outcome>()
        let memory = Latch<MemoryIndex>()
        // Two chains that need nothing of each other.
        try Concurrently.run([
            ("postgres", { postgres.set(try startPostgres(settings, folder, stack)) }),
            (
                "broker",
                {
                    let log = try startBroker(settings, folder, stack)
                    let index = try MemoryFolder.open(in: folder.path, clusterID: log.clusterID)
                    stack.add("memory") { index.save() }
                    memory.set(index)
                    topics.set(try TopicSetup.create(resources.topics, with: Admin(brokers: log.brokers)))
                    brokers.set(log)
                }
            ),
        ])
        let log = brokers.wait()
        let instanceID = try folder.instanceID()
        let connectors = ConnectorsPart(
            brokers: log.brokers,
            postgresURL: postgres.wait(),
            memory: memory.wait(),
            clusterID: log.clusterID,
            instanceID: instanceID
        )
        stack.add("connectors") { connectors.stop() }
        let catalogue = ProcessorCatalogue(resources, environment: settings.environment, memory: memory.wait())
        let processors = ProcessorsPart(catalogue.definitions, brokers: log.brokers, instanceID: instanceID)
        stack.add("processors") { processors.stop() }
        let readiness: @Sendable () -> [Readiness] = { processors.states + connectors.states }

        let lag = LagMonitor(brokers: log.brokers)
        lag.start()
        stack.add("lag") { lag.stop() }

        var gateway = GatewayPart.Settings(brokers: log.brokers, port: settings.httpPort, apiKey: apiKey)
        gateway.postgresURL = postgres.wait()
        gateway.servesConsole = settings.servesConsole
        gateway.environment = settings.environment
        let part = try GatewayPart(gateway, memory: memory.wait(), lag: lag, readiness: readiness)
        stack.add("gateway") { part.stop() }
        try Readiness.wait(readyDeadline, readiness, unless: isCancelled)

        let instance = DevInstance(
            broker: log.brokers,
            http: "http://127.0.0.1:\(settings.httpPort)",
            postgres: postgres.wait(),
            apiKey: apiKey,
            data: folder.path,
            durable: !folder.isTemporary,
            processID: getpid()
        )
        try folder.announce(instance)
        return (instance, notes(topics.wait(), settings))
    }

    private static func checkPorts(_ settings: DevSettings) throws {
        if settings.external == nil, !FreePort.isFree(settings.brokerPort) {
            throw PortInUse(port: settings.brokerPort, part: "broker")
        }
        guard FreePort.isFree(settings.httpPort) else { throw PortInUse(port: settings.httpPort, part: "gateway") }
    }

    private static func startPostgres(
        _ settings: DevSettings,
        _ folder: DataFolder,
        _ stack: StopStack
    ) throws -> String {
        if let given = settings.postgresURL { return given }
        let server = try PrivatePostgres(folder: folder.path + "/postgres", isDurable: !folder.isTemporary)
        stack.add("postgres") { server.stop() }
        return server.url
    }

    private static func startBroker(
        _ settings: DevSettings,
        _ folder: DataFolder,
        _ stack: StopStack
    ) throws -> LogAddress {
        if let external = settings.external {
            let clusterID = try Admin(brokers: external).clusterID(deadline: .seconds(30))
            return LogAddress(brokers: external, clusterID: clusterID)
        }
        var values = settings.brokerSettings
        // Data that is thrown away need not wait for the disk.
        if folder.isTemporary { values["log.flush"] = values["log.flush"] ?? "os" }
        let broker = Broker(
            settings: try BrokerSettings(
                dataDirectory: folder.path + "/broker",
                listen: BrokerSettings.Address(port: settings.brokerPort),
                values
            )
        )
        let address = try broker.start()
        stack.add("broker") { broker.stop() }
        return LogAddress(brokers: address.description, clusterID: broker.clusterID ?? "")
    }

    private static func notes(_ topics: TopicSetup.Outcome, _ settings: DevSettings) -> [String] {
        var notes: [String] = []
        if let replicas = topics.loweredReplicas {
            notes.append("topics are created with \(replicas) replica, as there are brokers; their files ask for more")
        }
        for topic in topics.different {
            notes.append("topic \(topic) has another number of partitions than its file; it is left as it is")
        }
        return notes
    }
}
