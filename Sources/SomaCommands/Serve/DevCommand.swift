import Glibc
import JSON
import RdKafka
import SomaNode
import Telemetry

/// The command `soma dev`.
enum DevCommand {
    static let command = Command(
        "dev",
        "Run the whole platform in this process.",
        options: [
            Command.Option("data", "DIR", "Where everything is kept; default ./.soma."),
            .flag("ephemeral", "Keep nothing: a temporary folder, removed at the end."),
            Command.Option("port-offset", "N", "Added to every port: broker 9092, HTTP 8080."),
            Command.Option("external", "BROKERS", "Use this Apache Kafka instead of the embedded broker."),
            .flag("no-console", "Serve no console page."),
        ],
        details: """
            -X sets Kafka's own settings of the embedded broker, or with --external how to reach it. SOMA_POSTGRES_URL uses that PostgreSQL instead of a private
            one. SOMA_OPENAI_BASE_URL, SOMA_OPENAI_API_KEY and SOMA_OPENAI_MODELS add models. Ctrl-C drains and stops; a
            second one stops at once.
            """,
        examples: ["soma dev", "soma dev --ephemeral --port-offset 1000", "soma dev -o json"]
    ) { invocation in
        let stop = StopSignal()
        ServiceLog.configure(invocation)
        let node = try DevNode(settings(invocation), isCancelled: { stop.isRequested })
        // A signal that came during the start counts.
        if !stop.isRequested { try announce(node, invocation) }
        stop.wait()
        invocation.console.say("stopping; Ctrl-C again stops at once")
        node.stop()
        return .success
    }

    private static func durability(_ instance: DevInstance, _ invocation: Invocation) -> String {
        guard instance.durable else { return "no: --ephemeral keeps nothing" }
        return invocation.option("external") == nil
            ? "yes: acknowledged is on disk" : "yes: as the external brokers keep it"
    }

    private static func settings(_ invocation: Invocation) throws -> DevSettings {
        var settings = DevSettings()
        if invocation.flag("ephemeral") {
            guard invocation.option("data") == nil else {
                throw CommandError.usage("--ephemeral keeps nothing: leave --data away")
            }
        } else {
            settings.data = invocation.option("data") ?? DevInstance.defaultData
        }
        let offset = try invocation.integer("port-offset", in: 0...Int64(DevSettings.portOffsetMax)) ?? 0
        settings.portOffset = UInt16(clamping: offset)
        settings.external = invocation.option("external")
        settings.servesConsole = !invocation.flag("no-console")
        if settings.external == nil {
            settings.brokerSettings = invocation.globals.clientSettings
        } else {
            ConnectionSettings.use(invocation.globals.clientSettings)
        }
        settings.environment = invocation.environment
        return settings
    }

    private static func announce(_ node: DevNode, _ invocation: Invocation) throws {
        let instance = node.instance
        let console = invocation.console
        guard invocation.isForPeople else {
            // One line, so that a script reads it with one call.
            try console.write(
                invocation.globals.form == .yaml ? YAMLText.text(instance.json) : instance.json.text + "\n"
            )
            return try console.flush()
        }
        var rows: [(String, String)] = [
            ("broker", instance.broker), ("gateway", "\(instance.http)/v1"), ("metrics", "\(instance.http)/metrics"),
            ("postgres", instance.postgres), ("data", instance.data),
            ("durable", durability(instance, invocation)),
            ("API key", instance.apiKey),
        ]
        if !invocation.flag("no-console") { rows.insert(("console", "\(instance.http)/"), at: 2) }
        var text = "\n"
        for (name, value) in rows {
            text += "  " + console.styled(name, .bold) + String(repeating: " ", count: 10 - name.count) + value + "\n"
        }
        text += """

              curl -N \(instance.http)/v1/chat/completions -H 'Authorization: Bearer \(instance.apiKey)' \\
                -H 'content-type: application/json' \\
                -d '{"model":"local","stream":true,"messages":[{"role":"user","content":"Kafka keeps records in topics. Where does Kafka keep records?"}]}'


            """
        try console.write(text)
        try console.flush()
        for note in node.notes { console.say("note: \(note)") }
        console.say("Ctrl-C stops.")
    }
}

/// The log of commands that serve: quiet unless asked.
enum ServiceLog {
    /// `SOMA_LOG_LEVEL` is debug, info, warning or error; `SOMA_LOG_FORM` is human or json.
    static func configure(_ invocation: Invocation) {
        let named = invocation.environment["SOMA_LOG_LEVEL"].flatMap { LogLevel(name: $0) }
        let form: LogSink.Form? = invocation.environment["SOMA_LOG_FORM"] == "json" ? .json : nil
        LogSink.standard.configure(level: named ?? (invocation.globals.isVerbose ? .info : .warning), form: form)
    }
}
