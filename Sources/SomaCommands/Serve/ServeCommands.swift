import Broker
import ConsumerLag
import Declarations
import JSON
import RdKafka
import SomaNode
import SomaStreams
import VectorSink

/// The command `soma serve`.
enum ServeCommands {
    static let command = Command(
        "serve",
        "Run one part of the platform in the foreground.",
        [ServeBroker.command, gateway, processors, connectors, all]
    )

    private static let gatewayOptions = [
        Command.Option("listen", "HOST:PORT", "Where to listen; default 127.0.0.1:8080, port 0 finds a free one."),
        Command.Option("key-file", "FILE", "The API key that clients must send; else SOMA_API_KEY."),
        .flag("no-console", "Serve no console page."),
    ]

    private static let gateway = Command(
        "gateway",
        "Run the gateway against -b.",
        options: gatewayOptions + [
            Command.Option("postgres", "URL", "Where the ledger's rows are; else SOMA_POSTGRES_URL.")
        ],
        details: "Memory search needs the index of the vector sink in the same process: `soma serve all` has both."
    ) { invocation in
        try Service.run(invocation) { stack, _ in
            let settings = try gatewaySettings(invocation)
            let lag = startLag(stack, invocation)
            let part = try GatewayPart(settings, memory: nil, lag: lag, readiness: { [] })
            stack.add("gateway") { part.stop() }
            return ["http": .string("http://\(settings.address):\(part.port)"), "pid": Service.processID]
        }
    }

    private static let processors = Command(
        "processors",
        "Run processors against -b, all or those named, in one process.",
        arguments: [.any("NAME", "A processor.")],
        examples: ["soma serve processors -b kafka:9092", "soma serve processors usage-meter billing-rater"]
    ) { invocation in
        try Service.run(invocation) { stack, stop in
            let definitions = try definitions(invocation.words, invocation)
            let part = ProcessorsPart(definitions, brokers: invocation.globals.brokers, instanceID: nil)
            stack.add("processors") { part.stop() }
            try Readiness.wait(Service.readyDeadline, { part.states }, unless: { stop.isRequested })
            return ["processors": .array(definitions.map { .string($0.name) }), "pid": Service.processID]
        }
    }

    private static let sinkOptions = [
        Command.Option("data", "DIR", "Where the index of remembered text is kept; default ./.soma."),
        Command.Option("postgres", "URL", "Where the rows go; else SOMA_POSTGRES_URL."),
    ]

    private static let connectors = Command(
        "connectors",
        "Run the PostgreSQL and the vector sink against -b.",
        options: sinkOptions
    ) { invocation in
        try Service.run(invocation) { stack, stop in
            let clusterID = try invocation.admin().clusterID(deadline: invocation.globals.timeout)
            let memory = try openMemory(clusterID, stack, invocation)
            let part = try startConnectors(memory, clusterID, stack, invocation)
            try Readiness.wait(Service.readyDeadline, { part.states }, unless: { stop.isRequested })
            return ["connectors": .array(part.states.map { .string($0.name) }), "pid": Service.processID]
        }
    }

    private static let all = Command(
        "all",
        "Run gateway, processors and sinks against -b in one process, as soma dev does with its own broker.",
        options: gatewayOptions + sinkOptions,
        details: "The topics must be there: soma dev --external creates them, or soma topic create."
    ) { invocation in
        try Service.run(invocation) { stack, stop in
            let settings = try gatewaySettings(invocation)
            let clusterID = try invocation.admin().clusterID(deadline: invocation.globals.timeout)
            let memory = try openMemory(clusterID, stack, invocation)
            let connectors = try startConnectors(memory, clusterID, stack, invocation)
            let catalogue = ProcessorCatalogue(
                try DeclaredResources.builtin(),
                environment: invocation.environment,
                memory: memory
            )
            let processors = ProcessorsPart(
                catalogue.definitions,
                brokers: invocation.globals.brokers,
                instanceID: nil
            )
            stack.add("processors") { processors.stop() }
            let lag = startLag(stack, invocation)
            let readiness: @Sendable () -> [Readiness] = { processors.states + connectors.states }
            let part = try GatewayPart(settings, memory: memory, lag: lag, readiness: readiness)
            stack.add("gateway") { part.stop() }
            try Readiness.wait(Service.readyDeadline, readiness, unless: { stop.isRequested })
            return ["http": .string("http://\(settings.address):\(part.port)"), "pid": Service.processID]
        }
    }

    private static func startLag(_ stack: StopStack, _ invocation: Invocation) -> LagMonitor {
        let lag = LagMonitor(brokers: invocation.globals.brokers)
        lag.start()
        stack.add("lag") { lag.stop() }
        return lag
    }

    private static func openMemory(
        _ clusterID: String,
        _ stack: StopStack,
        _ invocation: Invocation
    ) throws -> MemoryIndex {
        let data = invocation.option("data") ?? DevInstance.defaultData
        let memory = try MemoryFolder.open(in: data, clusterID: clusterID)
        stack.add("memory") { memory.save() }
        return memory
    }

    private static func startConnectors(
        _ memory: MemoryIndex,
        _ clusterID: String,
        _ stack: StopStack,
        _ invocation: Invocation
    ) throws -> ConnectorsPart {
        guard let url = postgresURL(invocation) else {
            throw CommandError.usage("say where the rows go: --postgres URL or SOMA_POSTGRES_URL")
        }
        let part = ConnectorsPart(
            brokers: invocation.globals.brokers,
            postgresURL: url,
            memory: memory,
            clusterID: clusterID,
            instanceID: nil
        )
        stack.add("connectors") { part.stop() }
        return part
    }

    /// The compiled processors of these names, all when there are none.
    static func definitions(_ names: [String], _ invocation: Invocation) throws -> [ProcessorDefinition] {
        let catalogue = ProcessorCatalogue(
            try DeclaredResources.builtin(),
            environment: invocation.environment,
            memory: nil
        )
        guard !names.isEmpty else { return catalogue.definitions }
        return try names.map { name in
            guard let definition = catalogue[try ProcessorCommands.find(name).builtin] else {
                throw CommandError.notFound("the processor \(name) is not compiled into this program")
            }
            return definition
        }
    }

    private static func gatewaySettings(_ invocation: Invocation) throws -> GatewayPart.Settings {
        let listen = invocation.option("listen") ?? "127.0.0.1:8080"
        guard let address = BrokerSettings.Address(listen) else {
            throw CommandError.usage("--listen \(listen) is no address and port, like 127.0.0.1:8080")
        }
        var key = invocation.environment["SOMA_API_KEY"]
        if let file = invocation.option("key-file") { key = try Files.text(file)?.filter { !$0.isWhitespace } }
        guard let key, !key.isEmpty else {
            throw CommandError.usage("clients need an API key: --key-file FILE or SOMA_API_KEY")
        }
        var settings = GatewayPart.Settings(brokers: invocation.globals.brokers, port: address.port, apiKey: key)
        settings.address = address.host
        settings.servesConsole = !invocation.flag("no-console")
        settings.postgresURL = postgresURL(invocation)
        settings.environment = invocation.environment
        return settings
    }

    private static func postgresURL(_ invocation: Invocation) -> String? {
        let url = invocation.option("postgres") ?? invocation.environment["SOMA_POSTGRES_URL"]
        return url.flatMap { $0.isEmpty ? nil : $0 }
    }
}
