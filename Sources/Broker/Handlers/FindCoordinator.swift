import EventLoop
import KafkaProtocol

/// FindCoordinator 0–6 (several keys at once: KIP-699): this broker, for every group and every transactional id.
enum FindCoordinatorHandler: Handler {
    typealias Request = FindCoordinatorRequest
    typealias Response = FindCoordinatorResponse

    private static let groupKey: Int8 = 0
    private static let transactionKey: Int8 = 1

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        if exchange.version >= 4 {
            response.coordinators = request.coordinatorKeys.map { key in
                var coordinator = find(key, request.keyType, exchange)
                coordinator.key = key
                return coordinator
            }
        } else {
            let found = find(request.key, request.keyType, exchange)
            response.nodeID = found.nodeID
            response.host = found.host
            response.port = found.port
            response.errorCode = found.errorCode
            response.errorMessage = found.errorMessage
        }
        exchange.answer(response)
    }

    private static func find(_ key: String, _ type: Int8, _ exchange: Exchange<Response>) -> Response.Coordinator {
        let services = exchange.services
        var coordinator = Response.Coordinator()
        let resource: ResourceType = type == groupKey ? .group : .transactionalID
        if type == groupKey || type == transactionKey, !exchange.authorize(.describe, resource, key) {
            coordinator.nodeID = -1
            coordinator.port = -1
            coordinator.errorCode = resource.refusal
            return coordinator
        }
        guard type == groupKey || type == transactionKey else {
            coordinator.nodeID = -1
            coordinator.port = -1
            coordinator.errorCode = .invalidRequest
            coordinator.errorMessage = "Unknown coordinator key type."
            return coordinator
        }
        coordinator.nodeID = services.settings.nodeID
        coordinator.host = exchange.session.listener.advertised.host
        coordinator.port = Int32(exchange.session.listener.advertised.port)
        return coordinator
    }
}
