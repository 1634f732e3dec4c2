import Broker
import Synchronization
import Telemetry
import TestSupport

/// An embedded broker of one test, which can be stopped and started again at the same address over the same data.
package final class OwnLog: Sendable {
    package let address: String
    private let port: UInt16
    private let directory: TemporaryDirectory
    private let broker: Mutex<Broker?>

    package init() throws {
        directory = try TemporaryDirectory()
        let first = try Self.makeBroker(directory, port: 0)
        let bound = try first.start()
        address = bound.description
        port = bound.port
        broker = Mutex(first)
    }

    deinit { stop() }

    package func stop() {
        let running = broker.withLock { broker in
            defer { broker = nil }
            return broker
        }
        running?.stop()
    }

    package func start() throws {
        let next = try Self.makeBroker(directory, port: port)
        _ = try next.start()
        broker.withLock { $0 = next }
    }

    private static func makeBroker(_ directory: TemporaryDirectory, port: UInt16) throws -> Broker {
        Broker(
            settings: try BrokerSettings(dataDirectory: directory.path + "/log", listen: .init(port: port)),
            logger: Logger("broker", sink: LogSink(descriptor: 2, level: .warning)),
            metrics: MetricsRegistry()
        )
    }
}
