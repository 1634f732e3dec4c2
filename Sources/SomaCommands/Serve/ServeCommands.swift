/// The command `soma serve`.
enum ServeCommands {
    static let command = Command("serve", "Run one part of the platform in the foreground.", [broker])

    private static let broker = Command(
        "broker",
        "Run the embedded broker alone.",
        options: [
            Command.Option("data", "DIR", "Where the log is kept."),
            Command.Option("listen", "HOST:PORT", "Where to listen; default 127.0.0.1:9092, port 0 finds a free one."),
        ],
        details: "-X sets Kafka's own broker settings: num.partitions, auto.create.topics.enable, log.segment.bytes, …",
        examples: ["soma serve broker --data /var/lib/soma -X log.retention.hours=72"]
    ) { invocation in
        guard let data = invocation.option("data") else {
            throw CommandError.usage("say where the log is kept: --data DIR")
        }
        var words = ["--data", data]
        if let listen = invocation.option("listen") { words += ["--listen", listen] }
        for setting in invocation.globals.clientSettings.sorted(by: { $0.key < $1.key }) {
            words += ["-X", "\(setting.key)=\(setting.value)"]
        }
        if !invocation.isForPeople { words += ["-o", "json"] }
        if invocation.globals.isVerbose { words.append("-v") }
        return ExitStatus(rawValue: ServeBroker.run(arguments: words))
    }
}
