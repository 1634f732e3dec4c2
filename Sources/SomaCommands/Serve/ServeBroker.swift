import Broker
import CLinux
import Glibc
import JSON
import SomaNode
import Telemetry

/// The command `soma serve broker`: the embedded broker alone, in the foreground.
enum ServeBroker {
    static let command = Command(
        "broker",
        "Run the embedded broker alone.",
        options: [
            Command.Option("config", "c", "FILE", "Settings in the form of Kafka's server.properties."),
            Command.Option("data", "DIR", "Where the log is kept; else log.dirs of the file."),
            Command.Option("listen", "HOST:PORT", "Where to listen; default 127.0.0.1:9092, port 0 finds a free one."),
            Command.Option(
                "add-scram",
                "USER",
                repeats: true,
                "Make a user unless there is one: SCRAM-SHA-256=[name=NAME,password-file=FILE]."
            ),
            Command.Option("metrics", "HOST:PORT", "Where to serve /metrics, /healthz and /readyz; default nowhere."),
        ],
        details: """
            Settings have Kafka's names: see `soma reference broker-settings`. -X sets one and wins over the file. Settings of
            Kafka that mean nothing to a single node are accepted and named in the log; unknown ones are refused.
            """,
        examples: [
            "soma serve broker -c /etc/soma/broker.properties",
            "soma serve broker --data /var/lib/soma -X log.retention.hours=72",
        ]
    ) { invocation in
        let configuration = try configuration(invocation)
        let settings = configuration.settings
        let users = try initialUsers(invocation)
        // Before any thread is started, so that all of them leave the signals to it.
        let stop = StopSignal()
        configureLog(invocation)
        let log = Logger("broker")
        for note in configuration.notes { log.warning(note) }
        let stack = StopStack()
        do {
            let broker = Broker(settings: settings, initialUsers: users)
            let address = try broker.start()
            stack.add("broker") { broker.stop() }
            let metrics = try MetricsPart.start(settings.text("metrics.listener"))
            if let metrics { stack.add("metrics") { metrics.stop() } }
            try announce(address, broker, metrics, invocation)
        } catch {
            stack.stopAll()
            throw error
        }
        ServiceManager.tell("READY=1", invocation.environment)
        stop.wait()
        ServiceManager.tell("STOPPING=1", invocation.environment)
        stack.stopAll()
        return .success
    }

    static func configuration(_ invocation: Invocation) throws -> BrokerConfiguration {
        try BrokerConfiguration(
            BrokerConfiguration.Words(
                file: invocation.option("config"),
                data: invocation.option("data"),
                listen: invocation.option("listen"),
                metrics: invocation.option("metrics"),
                overrides: invocation.globals.clientSettings
            )
        )
    }

    private static func initialUsers(_ invocation: Invocation) throws -> [InitialUser] {
        try invocation.options("add-scram").map { text throws in
            do throws(InitialUser.Problem) {
                return try InitialUser(text)
            } catch {
                // The text holds a password: only what is wrong is said.
                throw CommandError.usage("--add-scram: \(error)")
            }
        }
    }

    /// A broker tells its operator what it does, other than commands do.
    private static func configureLog(_ invocation: Invocation) {
        let named = invocation.environment["SOMA_LOG_LEVEL"].flatMap { LogLevel(name: $0) }
        let isJSON = !invocation.isForPeople || invocation.environment["SOMA_LOG_FORM"] == "json"
        LogSink.standard.configure(
            level: named ?? (invocation.globals.isVerbose ? .debug : .info),
            form: isJSON ? .json : .human
        )
    }

    private static func announce(
        _ address: BrokerSettings.Address,
        _ broker: Broker,
        _ metrics: MetricsPart?,
        _ invocation: Invocation
    ) throws {
        let settings = broker.settings
        let flush = settings.text("log.flush")
        if invocation.isForPeople {
            let durable = flush == "always" ? "yes" : "no (log.flush=\(flush))"
            let line = "broker \(address)  data \(settings.dataDirectory)  durable \(durable)"
            try invocation.console.write(line + (metrics.map { "  metrics \($0.url)" } ?? "") + "\n")
        } else {
            var ready: [(String, JSON)] = [
                ("broker", .string(address.description)),
                ("listeners", .object(broker.listeners.map { .init($0.name, .string($0.address.description)) })),
                ("data", .string(settings.dataDirectory)),
                ("durable", .bool(flush == "always")), ("pid", .integer(Int64(getpid()))),
            ]
            if let metrics { ready.append(("metrics", .string(metrics.url))) }
            // One line, so that a script reads it with one call.
            try invocation.console.write(JSON.object(ready.map { .init($0.0, $0.1) }).text + "\n")
        }
        try invocation.console.flush()
    }
}
