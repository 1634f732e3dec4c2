import Broker
import Glibc
import RdKafka
import Telemetry
import TestSupport

/// The Kafka log that tests talk to: `SOMA_TEST_BROKERS=host:port`, or an embedded broker of this process.
package enum TestLog {
    /// `host:port` of a broker that runs until the process ends.
    package static let brokers: String = {
        if let given = getenv("SOMA_TEST_BROKERS") { return String(cString: given) }
        return embedded.address
    }()

    /// Whether the broker is Apache Kafka.
    package static let isApacheKafka = getenv("SOMA_TEST_BROKERS") != nil

    private struct Embedded {
        let directory: TemporaryDirectory
        let broker: Broker
        let address: String
    }

    private static let embedded: Embedded = {
        do {
            let directory = try TemporaryDirectory()
            let broker = Broker(
                settings: try BrokerSettings(dataDirectory: directory.path, listen: .init(port: 0)),
                logger: Logger("broker", sink: LogSink(descriptor: 2, level: .warning)),
                metrics: MetricsRegistry()
            )
            let address = try broker.start()
            atexit { TestLog.end() }
            return Embedded(directory: directory, broker: broker, address: address.description)
        } catch {
            preconditionFailure("the embedded broker does not start: \(error)")
        }
    }()

    private static func end() {
        embedded.broker.stop()
        embedded.directory.remove()
    }

    /// A name that no other test has.
    package static func unique(_ prefix: String) -> String { "\(prefix)-\(UInt64.random(in: 0 ... .max))" }

    package static func createTopics(_ names: [String], partitions: Int32) throws {
        try Admin(brokers: brokers).createTopics(names.map { .init($0, partitions: partitions, replicationFactor: 1) })
    }
}
