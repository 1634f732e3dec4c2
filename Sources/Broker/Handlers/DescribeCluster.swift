import CommitLog
import EventLoop
import KafkaProtocol

/// DescribeCluster 0–2 (KIP-700, endpoint type KIP-919, fenced brokers KIP-1073: never here).
enum DescribeClusterHandler: Handler {
    typealias Request = DescribeClusterRequest
    typealias Response = DescribeClusterResponse

    /// Kafka's number for brokers; 2 would be controllers, which we have none of apart.
    private static let brokers: Int8 = 1

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        var response = Response()
        response.clusterID = services.directory.clusterID
        response.controllerID = services.settings.nodeID
        guard request.endpointType == brokers else {
            response.endpointType = request.endpointType
            response.errorCode = .unsupportedVersion
            response.errorMessage = "There are no endpoints of type \(request.endpointType)."
            return exchange.answer(response)
        }
        var broker = Response.Broker()
        broker.brokerID = services.settings.nodeID
        broker.host = exchange.session.listener.advertised.host
        broker.port = Int32(exchange.session.listener.advertised.port)
        response.brokers = [broker]
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations =
                exchange.authorizeCluster(.describe)
                ? exchange.authorizedOperations(.cluster, ResourceType.clusterName) : 0
        }
        exchange.answer(response)
    }
}
