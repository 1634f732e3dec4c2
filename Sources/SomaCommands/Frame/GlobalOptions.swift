import Settings
import SomaNode

/// What every command understands.
package struct GlobalOptions: Sendable {
    package enum Form: String, Sendable, CaseIterable {
        case text, wide, json, jsonl, yaml
    }

    let brokers: String
    /// Whether somebody named the brokers, or they are a guess.
    let brokersAreNamed: Bool
    /// librdkafka's own settings, from `-X`.
    let clientSettings: [String: String]
    let form: Form
    let isVerbose: Bool
    let isQuiet: Bool
    let hasNoColour: Bool
    let assumesYes: Bool
    let timeout: Duration

    static let options: [Command.Option] = [
        Command.Option(
            "brokers",
            "b",
            "HOST:PORT,...",
            "Kafka brokers; else SOMA_BROKERS, a running soma dev, 127.0.0.1:9092."
        ),
        Command.Option("client", "X", "KEY=VALUE", repeats: true, "Setting of the Kafka client in librdkafka's names."),
        Command.Option("output", "o", "FORM", "Output form: text, wide, json, jsonl or yaml."),
        .flag("verbose", "v", "Say more."),
        .flag("quiet", "q", "Say nothing but the data."),
        .flag("no-color", "No colours; so does NO_COLOR, and output that is no terminal."),
        .flag("yes", "y", "Answer every question with yes."),
        Command.Option("timeout", "TIME", "How long to wait for answers; default 10s."),
    ]

    private static let table = SettingsTable([
        Setting("brokers", .text, "Kafka brokers, host:port with commas."),
        Setting("output", .choice(Form.allCases.map(\.rawValue)), default: "text", "Output form."),
        Setting("verbose", .flag, default: "false", "Say more."),
        Setting("quiet", .flag, default: "false", "Say nothing but the data."),
        Setting("no-color", .flag, default: "false", "No colours."),
        Setting("yes", .flag, default: "false", "Answer every question with yes."),
        Setting(
            "timeout",
            .duration(.milliseconds(1) ... .seconds(86_400)),
            default: "10s",
            "How long to wait for answers."
        ),
    ])

    /// Works the global options out of the command line and the environment.
    init(_ arguments: ParsedArguments, environment: [String: String]) throws {
        var flags: [String: String] = [:]
        for setting in Self.table.settings { flags[setting.key] = arguments.values[setting.key]?.last }
        let values: SettingsValues
        do {
            values = try Self.table.values(environment: environment, flags: flags)
        } catch {
            throw CommandError.usage("\(error)")
        }
        let named = values.text("brokers")
        brokersAreNamed = named != nil
        brokers = named ?? DevInstance.running()?.broker ?? "127.0.0.1:9092"
        form = values.text("output").flatMap { Form(rawValue: $0) } ?? .text
        isVerbose = values.flag("verbose")
        isQuiet = values.flag("quiet")
        hasNoColour = values.flag("no-color") || environment["NO_COLOR"]?.isEmpty == false
        assumesYes = values.flag("yes")
        timeout = values.duration("timeout") ?? .seconds(10)
        var client: [String: String] = [:]
        for pair in arguments.values["client"] ?? [] {
            guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
                throw CommandError.usage("-X takes key=value, not \(pair)")
            }
            client[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        clientSettings = client
    }
}
