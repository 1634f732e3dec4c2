import EventLoop
import KafkaProtocol

/// LeaveGroup 0–5 (several members at once KIP-345, reasons KIP-800).
enum LeaveGroupHandler: Handler {
    typealias Request = LeaveGroupRequest
    typealias Response = LeaveGroupResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.read, .group, request.groupID) else {
            var response = Response()
            response.errorCode = .groupAuthorizationFailed
            return exchange.answer(response)
        }
        let leavers =
            exchange.version < 3
            ? [GroupEvent.Leaver(memberID: request.memberID)]
            : request.members.map { .init(memberID: $0.memberID, instanceID: $0.groupInstanceID) }
        exchange.services.groups.run { groups in
            groups.leave(request.groupID, leavers) { errors in
                var response = Response()
                if exchange.version < 3 {
                    response.errorCode = errors.first ?? .none
                } else {
                    response.members = zip(leavers, errors).map { leaver, error in
                        var member = Response.Member()
                        member.memberID = leaver.memberID
                        member.groupInstanceID = leaver.instanceID
                        member.errorCode = error
                        return member
                    }
                }
                exchange.answer(response)
            }
        }
    }
}
