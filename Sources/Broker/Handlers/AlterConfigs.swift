import EventLoop
import KafkaProtocol

/// AlterConfigs 0–2: replaces all that was set on a resource.
enum AlterConfigsHandler: Handler {
    typealias Request = AlterConfigsRequest
    typealias Response = AlterConfigsResponse

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
                    var configs: [String: String] = [:]
                    for config in resource.configs {
                        guard let value = config.value else { throw ConfigTarget.nullValue(config.name) }
                        configs[config.name] = value
                    }
                    _ = try target.current(exchange.services)
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
}
