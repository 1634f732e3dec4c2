import EventLoop
import KafkaProtocol

/// IncrementalAlterConfigs 0–1 (KIP-339): sets, deletes, appends to and subtracts from what was set on a resource.
///
/// A resource is changed as a whole or not at all; the others of the request are changed without it.
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
            let targets = request.resources.map { ConfigTarget($0.resourceType, $0.resourceName) }
            response.responses = request.resources.map { resource in
                var answer = Response.Resource()
                answer.resourceType = resource.resourceType
                answer.resourceName = resource.resourceName
                do throws(TopicCatalogue.Refusal) {
                    let target = ConfigTarget(resource.resourceType, resource.resourceName)
                    try target.authorize(exchange)
                    try target.refuseRepetition(in: targets, of: resource.configs.map(\.name))
                    var configs = try target.current(exchange.services)
                    for change in resource.configs { try apply(change, to: &configs, target, exchange.services) }
                    try target.replace(with: configs, request.validateOnly, exchange.services)
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
        to configs: inout [String: String],
        _ target: ConfigTarget,
        _ services: BrokerServices
    ) throws(TopicCatalogue.Refusal) {
        guard let operation = Operation(rawValue: change.configOperation) else {
            throw TopicCatalogue.Refusal(.invalidRequest, "Unknown operation type \(change.configOperation).")
        }
        let definition = try target.definition(of: change.name)
        if operation == .delete {
            try target.checkDeletion(of: change.name)
            configs[change.name] = nil
            return
        }
        guard let value = change.value else { throw ConfigTarget.nullValue(change.name) }
        if operation == .set {
            configs[change.name] = value
            return
        }
        guard let definition, case .list = definition.kind else {
            throw TopicCatalogue.Refusal(
                .invalidConfig,
                "Can't \(operation == .append ? "APPEND" : "SUBTRACT") to key \(change.name) because its type is not LIST."
            )
        }
        // What is not set yet begins with the value that holds.
        let before = configs[change.name] ?? target.value(of: definition, services)
        var items = SettingDefinition.items(before)
        for item in SettingDefinition.items(value) {
            items.removeAll { $0 == item }
            if operation == .append { items.append(item) }
        }
        configs[change.name] = items.joined(separator: ",")
    }
}
