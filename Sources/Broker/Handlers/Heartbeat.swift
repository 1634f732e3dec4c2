import EventLoop
import KafkaProtocol

/// Heartbeat 0–4 (static members KIP-345).
enum HeartbeatHandler: Handler {
    typealias Request = HeartbeatRequest
    typealias Response = HeartbeatResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.read, .group, request.groupID) else {
            var response = Response()
            response.errorCode = .groupAuthorizationFailed
            return exchange.answer(response)
        }
        exchange.services.groups.run { groups in
            groups.heartbeat(
                request.groupID,
                memberID: request.memberID,
                instanceID: request.groupInstanceID,
                generation: request.generationID
            ) { error in
                var response = Response()
                response.errorCode = error
                exchange.answer(response)
            }
        }
    }
}
