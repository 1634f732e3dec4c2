/// How `soma dev` was asked to run.
package struct DevSettings: Sendable {
    /// The data folder; nil is a temporary one that is removed at the end.
    package var data: String?
    /// Added to all standard ports.
    package var portOffset: UInt16 = 0
    /// Kafka brokers to use instead of the embedded broker.
    package var external: String?
    package var servesConsole = true
    /// Settings of the embedded broker, in Kafka's names.
    package var brokerSettings: [String: String] = [:]
    package var environment: [String: String] = [:]

    package init() {}

    private static let brokerPort: UInt16 = 9092
    private static let httpPort: UInt16 = 8080
    /// The largest offset with which every port is a port.
    package static let portOffsetMax = UInt16.max - brokerPort

    package var brokerPort: UInt16 { Self.brokerPort + portOffset }
    package var httpPort: UInt16 { Self.httpPort + portOffset }

    /// A PostgreSQL to use instead of a private one.
    package var postgresURL: String? { environment["SOMA_POSTGRES_URL"].flatMap { $0.isEmpty ? nil : $0 } }
}
