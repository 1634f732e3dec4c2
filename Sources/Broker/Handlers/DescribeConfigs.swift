import EventLoop
import KafkaProtocol
import Telemetry

/// DescribeConfigs 0–4 (sources and synonyms KIP-226, types and documentation KIP-569): topics, the broker, its logger
/// and groups.
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
        let name = resource.resourceName
        let describer = ConfigDescriber(request, settings: services.configs.settings)
        func isWanted(_ definition: SettingDefinition) -> Bool {
            resource.configurationKeys?.contains(definition.key) ?? true
        }
        switch ConfigResource(rawValue: resource.resourceType) {
        case .topic:
            if let problem = TopicName.problem(name) { return fail(.invalidTopic, problem) }
            guard let topic = services.catalogue.topic(name) else { return fail(.unknownTopicOrPartition, "") }
            result.configs = TopicConfigs.table.filter(isWanted).map { describer.topic($0, topic.configs) }
        case .broker:
            guard name.isEmpty || name == String(services.settings.nodeID) else {
                return fail(.invalidRequest, unexpectedBroker(name, services))
            }
            // The empty name asks for what holds for all brokers, not for one.
            result.configs = BrokerSettings.table.filter(isWanted).compactMap {
                name.isEmpty ? describer.allBrokers($0) : describer.broker($0)
            }
            if !name.isEmpty {
                result.configs += describer.ofListeners { resource.configurationKeys?.contains($0) ?? true }
            }
            for index in result.configs.indices {
                guard let value = services.security.text(result.configs[index].name) else { continue }
                result.configs[index].value = value
            }
        case .brokerLogger:
            guard name == String(services.settings.nodeID) else {
                return fail(.invalidRequest, unexpectedBroker(name, services))
            }
            if resource.configurationKeys?.contains(LoggerConfigs.root) ?? true {
                result.configs = [describer.logger(LoggerConfigs.root, LoggerConfigs.level(services.logger.sink))]
            }
        case .group:
            guard !name.isEmpty else { return fail(.invalidRequest, "Group name must not be empty") }
            let configs = services.configs.group(name)
            result.configs = GroupConfigs.table.filter(isWanted).map { describer.group($0, configs) }
        case .clientMetrics:
            // Nothing is ever asked of clients.
            break
        case nil:
            return fail(.invalidRequest, "Resources of type \(resource.resourceType) have no configs here.")
        }
        return result
    }

    private static func unexpectedBroker(_ name: String, _ services: BrokerServices) -> String {
        "Unexpected broker id, expected \(services.settings.nodeID) or empty string, but received \(name)"
    }
}
