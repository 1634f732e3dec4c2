import EventLoop
import KafkaProtocol

/// ListPartitionReassignments 0 (KIP-455): none, ever.
enum ListPartitionReassignmentsHandler: Handler {
    typealias Request = ListPartitionReassignmentsRequest
    typealias Response = ListPartitionReassignmentsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        if !exchange.authorizeCluster(.describe) { response.errorCode = .clusterAuthorizationFailed }
        exchange.answer(response)
    }
}
