import Broker
import Events
import RdKafka
import SomaNode

@testable import SomaCommands

/// The embedded broker in the test's own process, on a folder that goes with it.
final class TestBroker: Sendable {
    let address: String
    private let broker: Broker
    private let folder: String
    var directory: String { folder + "/log" }
    /// The data directory.
    var data: String { folder + "/log" }

    /// Closes the data directory, which stays until the end.
    func stop() { broker.stop() }

    init() throws {
        folder = try Files.makeTemporaryFolder()
        broker = Broker(
            settings: try BrokerSettings(
                dataDirectory: folder + "/log",
                listen: BrokerSettings.Address(port: 0),
                ["log.flush": "os"]
            )
        )
        address = try broker.start().description
    }

    deinit {
        broker.stop()
        Files.removeTree(folder)
    }

    /// Runs a command line: status, standard output, standard error.
    func soma(_ words: String...) -> (status: ExitStatus, output: String, talk: String) {
        let console = Console(collecting: ())
        let status = CommandLineTool.run(
            words,
            environment: ["SOMA_BROKERS": address],
            root: CommandTree.root(bench: { _ in 0 }),
            console: console
        )
        return (status, console.output, console.talk)
    }

    /// Writes events and waits until they are acknowledged.
    func produce(_ topic: String, _ events: [(envelope: Envelope, key: String, value: [UInt8])]) throws {
        let producer = try Producer(brokers: address)
        for (envelope, key, value) in events {
            try producer.produce(
                topic: topic,
                key: Array(key.utf8),
                value: value,
                headers: envelope.headers.map { ($0.name, $0.value) },
                timestamp: envelope.time
            )
        }
        try producer.close(deadline: .seconds(10))
    }
}
