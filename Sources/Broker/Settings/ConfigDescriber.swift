import KafkaProtocol

/// Where a value comes from, with Kafka's numbers.
enum ConfigSource {
    static let topic: Int8 = 1
    static let broker: Int8 = 2
    static let allBrokers: Int8 = 3
    static let file: Int8 = 4
    static let standard: Int8 = 5
    static let brokerLogger: Int8 = 6
    static let group: Int8 = 8

    static func of(_ definition: SettingDefinition, _ configs: TopicConfigs, _ settings: BrokerSettings) -> Int8 {
        if configs.overrides[definition.key] != nil { return topic }
        return brokerValues(TopicConfigs.brokerKeys(of: definition), settings).first?.source ?? standard
    }

    /// What was set under one of these keys, the value that holds first.
    static func brokerValues(
        _ keys: [String],
        _ settings: BrokerSettings
    ) -> [(key: String, value: String, source: Int8)] {
        let layers: [([String: String], Int8)] = [
            (settings.changes.ofBroker, broker), (settings.changes.ofAll, allBrokers), (settings.overrides, file),
        ]
        return layers.flatMap { values, source in
            keys.compactMap { key in values[key].map { (key, $0, source) } }
        }
    }
}

/// Makes the lines of a DescribeConfigs answer.
struct ConfigDescriber {
    typealias Config = DescribeConfigsResponse.Result.Config

    private let includesSynonyms: Bool
    private let includesDocumentation: Bool
    private let settings: BrokerSettings

    init(_ request: DescribeConfigsRequest, settings: BrokerSettings) {
        includesSynonyms = request.includeSynonyms
        includesDocumentation = request.includeDocumentation
        self.settings = settings
    }

    func topic(_ definition: SettingDefinition, _ configs: TopicConfigs) -> Config {
        var config = base(definition)
        config.value = configs.value(definition.key, settings)
        config.configSource = ConfigSource.of(definition, configs, settings)
        config.isDefault = config.configSource != ConfigSource.topic
        guard includesSynonyms else { return config }
        if let value = configs.overrides[definition.key] {
            config.synonyms.append(synonym(definition.key, value, ConfigSource.topic))
        }
        addBrokerSynonyms(TopicConfigs.brokerKeys(of: definition), definition.defaultValue, &config)
        return config
    }

    /// `key`: the definition's own, or that of one listener.
    func broker(_ definition: SettingDefinition, as key: String? = nil) -> Config {
        let key = key ?? definition.key
        var config = base(definition)
        config.name = key
        let values = ConfigSource.brokerValues([key], settings)
        config.value = values.first?.value ?? definition.defaultValue
        config.readOnly = !BrokerSettings.changeableKeys.contains(definition.key)
        config.configSource = values.first?.source ?? ConfigSource.standard
        config.isDefault = config.configSource == ConfigSource.standard
        if includesSynonyms { addBrokerSynonyms([key], definition.defaultValue, &config) }
        hideSecret(definition, &config)
        return config
    }

    /// The settings that were given for one listener.
    func ofListeners(_ isWanted: (String) -> Bool) -> [Config] {
        let keys = Set(settings.overrides.keys).union(settings.changes.effective.keys)
        return keys.sorted().filter(isWanted).compactMap { key in
            BrokerSettings.listenerKey(key).map { broker($0.definition, as: key) }
        }
    }

    /// A secret is shown to nobody, whoever asks.
    private func hideSecret(_ definition: SettingDefinition, _ config: inout Config) {
        guard definition.isSecret else { return }
        config.isSensitive = true
        config.value = nil
        for index in config.synonyms.indices { config.synonyms[index].value = nil }
    }

    /// What was changed for all brokers; nil when nothing was.
    func allBrokers(_ definition: SettingDefinition) -> Config? {
        guard let value = settings.changes.ofAll[definition.key] else { return nil }
        var config = base(definition)
        config.value = value
        config.configSource = ConfigSource.allBrokers
        if includesSynonyms { config.synonyms = [synonym(definition.key, value, ConfigSource.allBrokers)] }
        hideSecret(definition, &config)
        return config
    }

    func group(_ definition: SettingDefinition, _ configs: [String: String]) -> Config {
        var config = base(definition)
        let own = configs[definition.key]
        let brokerKey = "group.\(definition.key)"
        config.value = own ?? settings.text(brokerKey)
        let source = ConfigSource.brokerValues([brokerKey], settings).first?.source ?? ConfigSource.standard
        config.configSource = own == nil ? source : ConfigSource.group
        config.isDefault = own == nil
        guard includesSynonyms else { return config }
        if let own { config.synonyms.append(synonym(definition.key, own, ConfigSource.group)) }
        addBrokerSynonyms([brokerKey], definition.defaultValue, &config)
        return config
    }

    func logger(_ name: String, _ level: String) -> Config {
        var config = Config()
        config.name = name
        config.value = level
        config.configSource = ConfigSource.brokerLogger
        return config
    }

    private func base(_ definition: SettingDefinition) -> Config {
        var config = Config()
        config.name = definition.key
        config.configType = definition.protocolType
        if includesDocumentation { config.documentation = definition.documentation }
        return config
    }

    private func addBrokerSynonyms(_ keys: [String], _ standard: String, _ config: inout Config) {
        for (key, value, source) in ConfigSource.brokerValues(keys, settings) {
            config.synonyms.append(synonym(key, value, source))
        }
        if let key = keys.first { config.synonyms.append(synonym(key, standard, ConfigSource.standard)) }
    }

    private func synonym(_ name: String, _ value: String?, _ source: Int8) -> Config.Synonym {
        var synonym = Config.Synonym()
        synonym.name = name
        synonym.value = value
        synonym.source = source
        return synonym
    }
}
