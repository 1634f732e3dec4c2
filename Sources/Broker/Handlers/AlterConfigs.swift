import EventLoop
import KafkaProtocol

/// AlterConfigs 0–2: replaces all that was set on a topic.
enum AlterConfigsHandler: Handler {
    typealias Request = AlterConfigsRequest
    typealias Response = AlterConfigsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            response.responses = request.resources.map { resource in
                var answer = Response.Resource()
                answer.resourceType = resource.resourceType
                answer.resourceName = resource.resourceName
                do throws(TopicCatalogue.Refusal) {
                    try ConfigChange.authorize(resource.resourceType, resource.resourceName, exchange)
                    var configs = TopicConfigs()
                    for config in resource.configs { configs.set(config.name, config.value) }
                    _ = try ConfigChange.topic(resource.resourceType, resource.resourceName, exchange.services)
                    try ConfigChange.apply(configs, to: resource.resourceName, request.validateOnly, exchange.services)
                } catch {
                    answer.errorCode = error.code
                    answer.errorMessage = error.message
                }
                return answer
            }
            exchange.answer(response)
        }
    }
}

/// What both ways of altering configs share.
enum ConfigChange {
    static func authorize<Response: WireStruct>(
        _ type: Int8,
        _ name: String,
        _ exchange: Exchange<Response>
    ) throws(TopicCatalogue.Refusal) {
        let resource = ConfigResource(rawValue: type)?.accessType ?? .cluster
        let name = resource == .cluster ? ResourceType.clusterName : name
        guard exchange.authorize(.alterConfigs, resource, name) else {
            throw TopicCatalogue.Refusal(resource.refusal, "Not authorized to alter configs.")
        }
    }

    static func topic(
        _ type: Int8,
        _ name: String,
        _ services: BrokerServices
    ) throws(TopicCatalogue.Refusal) -> Topic {
        guard ConfigResource(rawValue: type) == .topic else {
            throw TopicCatalogue.Refusal(
                .invalidRequest,
                "Only topics can be altered; the broker's own settings are given at its start."
            )
        }
        guard let topic = services.catalogue.topic(name) else {
            throw TopicCatalogue.Refusal(.unknownTopicOrPartition, "The topic '\(name)' does not exist.")
        }
        return topic
    }

    static func apply(
        _ configs: TopicConfigs,
        to name: String,
        _ validateOnly: Bool,
        _ services: BrokerServices
    ) throws(TopicCatalogue.Refusal) {
        for (key, value) in configs.overrides.sorted(by: { $0.key < $1.key }) {
            if let problem = TopicConfigs.problem(key, value) { throw TopicCatalogue.Refusal(.invalidConfig, problem) }
        }
        if !validateOnly { try services.catalogue.alter(name: name, configs: configs) }
    }
}
