import EventLoop
import KafkaProtocol

/// DescribeConfigs 0–4 (sources and synonyms KIP-226, types and documentation KIP-569): topics and the broker.
enum DescribeConfigsHandler: Handler {
    typealias Request = DescribeConfigsRequest
    typealias Response = DescribeConfigsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        response.results = request.resources.map { resource in
            var result =
                mayDescribe(resource, exchange)
                ? describe(resource, request, exchange.services) : refused(resource)
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            return result
        }
        exchange.answer(response)
    }

    private static func mayDescribe(_ resource: Request.Resource, _ exchange: Exchange<Response>) -> Bool {
        let type = ConfigResource(rawValue: resource.resourceType)?.accessType ?? .cluster
        let name = type == .cluster ? ResourceType.clusterName : resource.resourceName
        return exchange.authorize(.describeConfigs, type, name)
    }

    private static func refused(_ resource: Request.Resource) -> Response.Result {
        var result = Response.Result()
        result.errorCode = (ConfigResource(rawValue: resource.resourceType)?.accessType ?? .cluster).refusal
        return result
    }

    private static func describe(
        _ resource: Request.Resource,
        _ request: Request,
        _ services: BrokerServices
    ) -> Response.Result {
        var result = Response.Result()
        func fail(_ error: ErrorCode, _ message: String) -> Response.Result {
            result.errorCode = error
            result.errorMessage = message
            return result
        }
        func isWanted(_ definition: SettingDefinition) -> Bool {
            resource.configurationKeys?.contains(definition.key) ?? true
        }
        switch ConfigResource(rawValue: resource.resourceType) {
        case .topic:
            if let problem = TopicName.problem(resource.resourceName) { return fail(.invalidTopic, problem) }
            guard let topic = services.catalogue.topic(resource.resourceName) else {
                return fail(.unknownTopicOrPartition, "The topic '\(resource.resourceName)' does not exist.")
            }
            result.configs = TopicConfigs.table.filter(isWanted).map {
                describe($0, topic.configs, request, services.settings)
            }
        case .broker:
            guard resource.resourceName.isEmpty || resource.resourceName == String(services.settings.nodeID) else {
                return fail(
                    .invalidRequest,
                    "This is broker \(services.settings.nodeID), not \(resource.resourceName)."
                )
            }
            // The empty name asks for defaults that apply to all brokers; there are none besides this one's.
            guard !resource.resourceName.isEmpty else { return result }
            result.configs = BrokerSettings.table.filter(isWanted).map { describe($0, request, services) }
        case .brokerLogger, .clientMetrics, .group, nil:
            return fail(.invalidRequest, "Resources of type \(resource.resourceType) have no configs here.")
        }
        return result
    }

    private static func describe(
        _ definition: SettingDefinition,
        _ configs: TopicConfigs,
        _ request: Request,
        _ settings: BrokerSettings
    ) -> Response.Result.Config {
        var config = base(definition, request)
        config.value = configs.value(definition.key, settings)
        config.configSource = ConfigSource.of(definition, configs, settings)
        config.isDefault = config.configSource != ConfigSource.topic
        guard request.includeSynonyms else { return config }
        if let value = configs.overrides[definition.key] {
            config.synonyms.append(synonym(definition.key, value, ConfigSource.topic))
        }
        if let brokerKey = definition.brokerKey {
            if let value = settings.overrides[brokerKey] {
                config.synonyms.append(synonym(brokerKey, value, ConfigSource.file))
            }
            config.synonyms.append(synonym(brokerKey, definition.defaultValue, ConfigSource.standard))
        }
        return config
    }

    private static func describe(
        _ definition: SettingDefinition,
        _ request: Request,
        _ services: BrokerServices
    ) -> Response.Result.Config {
        var config = base(definition, request)
        config.value = services.settings.text(definition.key)
        if definition.key == "advertised.listeners" {
            config.value = "PLAINTEXT://\(services.advertised.host):\(services.advertised.port)"
        }
        config.readOnly = true
        let isSet = services.settings.overrides[definition.key] != nil
        config.configSource = isSet ? ConfigSource.file : ConfigSource.standard
        config.isDefault = !isSet
        guard request.includeSynonyms else { return config }
        if isSet { config.synonyms.append(synonym(definition.key, config.value, ConfigSource.file)) }
        config.synonyms.append(synonym(definition.key, definition.defaultValue, ConfigSource.standard))
        return config
    }

    private static func base(_ definition: SettingDefinition, _ request: Request) -> Response.Result.Config {
        var config = Response.Result.Config()
        config.name = definition.key
        config.configType = definition.protocolType
        if request.includeDocumentation { config.documentation = definition.documentation }
        return config
    }

    private static func synonym(_ name: String, _ value: String?, _ source: Int8) -> Response.Result.Config.Synonym {
        var synonym = Response.Result.Config.Synonym()
        synonym.name = name
        synonym.value = value
        synonym.source = source
        return synonym
    }
}

/// The resources that have settings here, with Kafka's numbers.
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

/// Where a value comes from, with Kafka's numbers.
enum ConfigSource {
    static let topic: Int8 = 1
    static let file: Int8 = 4
    static let standard: Int8 = 5

    static func of(_ definition: SettingDefinition, _ configs: TopicConfigs, _ settings: BrokerSettings) -> Int8 {
        if configs.overrides[definition.key] != nil { return topic }
        if let key = definition.brokerKey, settings.overrides[key] != nil { return file }
        return standard
    }
}
