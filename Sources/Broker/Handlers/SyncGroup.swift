import EventLoop
import KafkaProtocol

/// SyncGroup 0–5 (static members KIP-345, protocol check KIP-559): the leader's assignment, to each its part.
enum SyncGroupHandler: Handler {
    typealias Request = SyncGroupRequest
    typealias Response = SyncGroupResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.read, .group, request.groupID) else {
            var response = Response()
            response.errorCode = .groupAuthorizationFailed
            return exchange.answer(response)
        }
        var assignments: [String: [UInt8]] = [:]
        for item in request.assignments { assignments[item.memberID] = item.assignment }
        let sync = GroupEvent.Sync(
            memberID: request.memberID,
            instanceID: request.groupInstanceID,
            generation: request.generationID,
            protocolType: request.protocolType,
            protocolName: request.protocolName,
            assignments: assignments
        )
        let groupID = request.groupID
        exchange.services.groups.run { groups in
            groups.sync(groupID, sync) { answer in
                var response = Response()
                response.errorCode = answer.error
                response.protocolType = answer.protocolType
                response.protocolName = answer.protocolName
                response.assignment = answer.assignment
                exchange.answer(response)
            }
        }
    }
}
