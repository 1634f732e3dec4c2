import EventLoop
import KafkaProtocol

/// IncrementalAlterConfigs 0–1 (KIP-339): sets, deletes, appends to and subtracts from what was set on a topic.
enum IncrementalAlterConfigsHandler: Handler {
    typealias Request = IncrementalAlterConfigsRequest
    typealias Response = IncrementalAlterConfigsResponse

    /// Kafka's numbers.
    private enum Operation: Int8 {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3
    }

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            response.responses = request.resources.map { resource in
                var answer = Response.Resource()
                answer.resourceType = resource.resourceType
                answer.resourceName = resource.resourceName
                do throws(TopicCatalogue.Refusal) {
                    try ConfigChange.authorize(resource.resourceType, resource.resourceName, exchange)
                    let topic = try ConfigChange.topic(resource.resourceType, resource.resourceName, exchange.services)
                    var configs = topic.configs
                    for change in resource.configs { try apply(change, to: &configs, exchange.services.settings) }
                    try ConfigChange.apply(configs, to: topic.name, request.validateOnly, exchange.services)
                } catch {
                    answer.errorCode = error.code
                    answer.errorMessage = error.message
                }
                return answer
            }
            exchange.answer(response)
        }
    }

    private static func apply(
        _ change: Request.Resource.Config,
        to configs: inout TopicConfigs,
        _ settings: BrokerSettings
    ) throws(TopicCatalogue.Refusal) {
        guard let definition = TopicConfigs.byKey[change.name] else {
            throw TopicCatalogue.Refusal(
                .invalidConfig,
                TopicConfigs.problem(change.name, "") ?? "Unknown topic config name: \(change.name)"
            )
        }
        guard let operation = Operation(rawValue: change.configOperation) else {
            throw TopicCatalogue.Refusal(.invalidRequest, "Operation \(change.configOperation) does not exist.")
        }
        if operation == .delete { return configs.set(change.name, nil) }
        guard let value = change.value else {
            throw TopicCatalogue.Refusal(.invalidConfig, "Null value not supported for \(change.name)")
        }
        if operation == .set { return configs.set(change.name, value) }
        guard case .list = definition.kind else {
            throw TopicCatalogue.Refusal(.invalidConfig, "\(change.name) is not a list; nothing can be added to it")
        }
        var items = SettingDefinition.items(configs.value(change.name, settings))
        for item in SettingDefinition.items(value) {
            items.removeAll { $0 == item }
            if operation == .append { items.append(item) }
        }
        configs.set(change.name, items.joined(separator: ","))
    }
}
