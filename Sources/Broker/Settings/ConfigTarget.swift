import KafkaProtocol
import Telemetry

/// The resources that have configs, with Kafka's numbers.
enum ConfigResource: Int8, CaseIterable {
    case topic = 2
    case broker = 4
    case brokerLogger = 8
    case clientMetrics = 16
    case group = 32

    /// What access rules call it.
    var accessType: ResourceType {
        switch self {
        case .topic: .topic
        case .group: .group
        case .broker, .brokerLogger, .clientMetrics: .cluster
        }
    }
}

/// A resource whose configs are to be changed: reads what is set on it and replaces that; administration thread only.
struct ConfigTarget: Hashable {
    private let type: Int8
    private let name: String

    init(_ type: Int8, _ name: String) {
        self.type = type
        self.name = name
    }

    private var resource: ConfigResource? { ConfigResource(rawValue: type) }

    static func nullValue(_ key: String) -> TopicCatalogue.Refusal {
        .init(.invalidConfig, "Null value not supported for : \(key)")
    }

    func authorize<Response: WireStruct>(_ exchange: Exchange<Response>) throws(TopicCatalogue.Refusal) {
        let type = resource?.accessType ?? .cluster
        guard exchange.authorize(.alterConfigs, type, type == .cluster ? ResourceType.clusterName : name) else {
            throw TopicCatalogue.Refusal(type.refusal, "Not authorized to alter these configs.")
        }
    }

    /// Which of two changes of the same thing would hold, nobody could say.
    func refuseRepetition(in targets: [ConfigTarget], of keys: [String]) throws(TopicCatalogue.Refusal) {
        guard targets.filter({ $0 == self }).count == 1 else {
            throw TopicCatalogue.Refusal(.invalidRequest, "Each resource must appear at most once.")
        }
        guard Set(keys).count == keys.count else {
            throw TopicCatalogue.Refusal(.invalidRequest, "Error due to duplicate config keys")
        }
    }

    /// What is set on the resource.
    func current(_ services: BrokerServices) throws(TopicCatalogue.Refusal) -> [String: String] {
        switch resource {
        case .topic:
            guard !name.isEmpty else {
                throw TopicCatalogue.Refusal(.invalidRequest, "Default topic resources are not allowed.")
            }
            guard let topic = services.catalogue.topic(name) else {
                throw TopicCatalogue.Refusal(.unknownTopicOrPartition, "The topic '\(name)' does not exist.")
            }
            return topic.configs.overrides
        case .broker:
            try checkBroker(services)
            let changes = services.configs.settings.changes
            return name.isEmpty ? changes.ofAll : changes.ofBroker
        case .brokerLogger:
            try checkBroker(services)
            return [LoggerConfigs.root: LoggerConfigs.level(services.logger.sink)]
        case .group:
            guard !name.isEmpty else {
                throw TopicCatalogue.Refusal(.invalidRequest, "Default group resources are not allowed.")
            }
            return services.configs.group(name)
        case .clientMetrics:
            throw TopicCatalogue.Refusal(.invalidRequest, "This broker takes no metrics from clients.")
        case nil:
            throw TopicCatalogue.Refusal(.invalidRequest, "Unexpected resource type \(type).")
        }
    }

    /// Replaces what is set; the change is on disk when this returns.
    func replace(
        with configs: [String: String],
        _ validateOnly: Bool,
        _ services: BrokerServices
    ) throws(TopicCatalogue.Refusal) {
        switch resource {
        case .topic:
            for (key, value) in configs.sorted(by: { $0.key < $1.key }) {
                if let problem = TopicConfigs.problem(key, value) {
                    throw TopicCatalogue.Refusal(.invalidConfig, problem)
                }
            }
            if !validateOnly { try services.catalogue.alter(name: name, configs: TopicConfigs(configs)) }
        case .broker:
            for (key, value) in configs.sorted(by: { $0.key < $1.key }) {
                if let refusal = BrokerSettings.changeProblem(key, value) { throw refusal }
            }
            var settings = services.configs.settings
            settings.changes = SettingChanges(
                ofBroker: name.isEmpty ? settings.changes.ofBroker : configs,
                ofAll: name.isEmpty ? configs : settings.changes.ofAll
            )
            try services.security.check(settings)
            guard !validateOnly else { return }
            try services.configs.change(settings.changes)
            services.security.apply(settings)
            services.catalogue.settingsChanged()
        case .brokerLogger:
            try LoggerConfigs.apply(configs, validateOnly, services.logger.sink)
        case .group:
            for (key, value) in configs.sorted(by: { $0.key < $1.key }) {
                if let problem = GroupConfigs.problem(key, value) {
                    throw TopicCatalogue.Refusal(.invalidConfig, problem)
                }
            }
            if !validateOnly { try services.configs.change(group: name, configs) }
        case .clientMetrics, nil: break
        }
    }

    /// What is known of a key, where that decides what may be done with it.
    func definition(of key: String) throws(TopicCatalogue.Refusal) -> SettingDefinition? {
        switch resource {
        case .topic:
            guard let definition = TopicConfigs.byKey[key] else {
                throw TopicCatalogue.Refusal(
                    .invalidConfig,
                    TopicConfigs.problem(key, "") ?? "Unknown topic config name: \(key)"
                )
            }
            return definition
        case .broker:
            if let refusal = BrokerSettings.changeProblem(key, nil) { throw refusal }
            return BrokerSettings.definition(of: key)
        case .brokerLogger:
            guard key == LoggerConfigs.root else {
                throw TopicCatalogue.Refusal(.invalidConfig, "Logger \(key) does not exist!")
            }
            return nil
        case .group, .clientMetrics, nil: return GroupConfigs.byKey[key]
        }
    }

    func checkDeletion(of key: String) throws(TopicCatalogue.Refusal) {
        guard resource == .brokerLogger else { return }
        throw TopicCatalogue.Refusal(.invalidRequest, "Removing the log level of the \(key) logger is not allowed")
    }

    /// The value that holds without one of the resource's own.
    func value(of definition: SettingDefinition, _ services: BrokerServices) -> String {
        switch resource {
        case .topic: TopicConfigs().value(definition.key, services.configs.settings)
        case .broker: services.configs.settings.text(definition.key)
        case .brokerLogger, .clientMetrics, .group, nil: definition.defaultValue
        }
    }

    private func checkBroker(_ services: BrokerServices) throws(TopicCatalogue.Refusal) {
        guard name == String(services.settings.nodeID) || (name.isEmpty && resource == .broker) else {
            throw TopicCatalogue.Refusal(
                .invalidRequest,
                "Unexpected broker id, expected \(services.settings.nodeID), but received \(name)"
            )
        }
    }
}

/// The log level as a config of the broker's loggers, of which there is one.
enum LoggerConfigs {
    static let root = "root"
    private static let names: [(name: String, level: LogLevel)] = [
        ("DEBUG", .debug), ("INFO", .info), ("WARN", .warning), ("ERROR", .error), ("TRACE", .debug), ("FATAL", .error),
    ]

    /// The level in Kafka's words.
    static func level(_ sink: LogSink) -> String { names.first { sink.isOn($0.level) }?.name ?? "ERROR" }

    static func apply(
        _ configs: [String: String],
        _ validateOnly: Bool,
        _ sink: LogSink
    ) throws(TopicCatalogue.Refusal) {
        guard let wanted = configs[root] else { return }
        guard let level = names.first(where: { $0.name == wanted })?.level else {
            throw TopicCatalogue.Refusal(
                .invalidConfig,
                "Cannot set the log level of \(root) to \(wanted) as it is not a supported log level. "
                    + "Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN"
            )
        }
        if !validateOnly { sink.configure(level: level) }
    }
}
