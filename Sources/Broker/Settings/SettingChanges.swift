import KafkaProtocol

/// What was changed of a broker's settings while it ran (KIP-226): for this broker, which holds, and for all brokers.
package struct SettingChanges: Sendable, Equatable {
    package private(set) var ofBroker: [String: String]
    package private(set) var ofAll: [String: String]
    /// Both, as they hold.
    package private(set) var effective: [String: String]

    package init(ofBroker: [String: String] = [:], ofAll: [String: String] = [:]) {
        self.ofBroker = ofBroker
        self.ofAll = ofAll
        effective = ofAll.merging(ofBroker) { $1 }
    }
}

extension BrokerSettings {
    /// What takes effect when it is changed while the broker runs; everything else is read at the start.
    package static let changeableKeys: Set<String> = tlsKeys.union([
        "compression.type", "log.cleaner.delete.retention.ms", "log.cleanup.policy", "log.flush",
        "log.flush.interval.ms",
        "log.index.interval.bytes", "log.message.timestamp.type", "log.retention.bytes", "log.retention.ms",
        "log.roll.ms",
        "log.segment.bytes", "max.connections", "max.connections.per.ip", "max.connections.per.ip.overrides",
        "message.max.bytes", "min.insync.replicas", "producer.id.expiration.ms",
    ])

    /// What is wrong with changing `key` to `value` (nil: back to what was set at the start), nil when nothing is.
    static func changeProblem(_ key: String, _ value: String?) -> TopicCatalogue.Refusal? {
        guard let definition = definition(of: key) else {
            let hint = NearestName.of(key, in: table.map(\.key)).map { "; did you mean \($0)?" } ?? ""
            return .init(.invalidRequest, "Unknown broker config name: \(key)\(hint)")
        }
        guard changeableKeys.contains(definition.key) else {
            return .init(.invalidRequest, "Cannot update these configs dynamically: [\(key)]")
        }
        let badOverrides = key == "max.connections.per.ip.overrides" ? value.flatMap(ConnectionLimits.problem) : nil
        guard let value, let problem = definition.problem(with: value) ?? badOverrides else { return nil }
        guard !definition.isSecret else { return .init(.invalidRequest, "Invalid value for configuration \(key)") }
        return .init(.invalidRequest, "Invalid value \(value) for configuration \(key): \(problem)")
    }
}
