/// What may be set on one group (KIP-848), under Kafka's names.
enum GroupConfigs {
    static let table: [SettingDefinition] = [
        .init(
            "consumer.heartbeat.interval.ms",
            .integer(5_000...15_000),
            "5000",
            "Time between heartbeats of members of the consumer protocol."
        ),
        .init(
            "consumer.session.timeout.ms",
            .integer(45_000...60_000),
            "45000",
            "A member of the consumer protocol that is silent for so long has gone."
        ),
    ]

    static let byKey = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0) })

    /// What is wrong with setting `key` to `value`, nil when nothing is.
    static func problem(_ key: String, _ value: String) -> String? {
        guard let definition = byKey[key] else { return "Unknown group config name: \(key)" }
        return definition.problem(with: value).map { "Invalid value \(value) for configuration \(key): \($0)" }
    }
}
