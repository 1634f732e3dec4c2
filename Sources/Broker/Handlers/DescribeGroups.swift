import EventLoop
import KafkaProtocol

/// DescribeGroups 0–6 (authorized operations KIP-430, static members KIP-345, unknown groups KIP-1043).
///
/// A group that does not exist is `Dead`, and from version 6 on an error.
enum DescribeGroupsHandler: Handler {
    typealias Request = DescribeGroupsRequest
    typealias Response = DescribeGroupsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.groups.run { groups in
            var response = Response()
            response.groups = request.groups.map { id in
                guard exchange.authorize(.describe, .group, id) else {
                    var answer = Response.Group()
                    answer.groupID = id
                    answer.errorCode = .groupAuthorizationFailed
                    return answer
                }
                var answer = describe(id, groups.groups[id], exchange.version)
                answer.groupID = id
                if request.includeAuthorizedOperations {
                    answer.authorizedOperations = exchange.authorizedOperations(.group, id)
                }
                return answer
            }
            exchange.answer(response)
        }
    }

    private static func describe(_ id: String, _ group: Group?, _ version: Int16) -> Response.Group {
        if let group, group.consumer == nil { return describe(group.state) }
        var answer = Response.Group()
        answer.groupState = "Dead"
        if version >= 6 {
            answer.errorCode = .groupIDNotFound
            answer.errorMessage = group == nil ? "Group \(id) not found." : "Group \(id) is not a classic group."
        }
        return answer
    }

    private static func describe(_ state: GroupState) -> Response.Group {
        var group = Response.Group()
        group.groupState = state.phase.rawValue
        group.protocolType = state.protocolType ?? ""
        let isStable = state.phase == .stable
        if isStable { group.protocolData = state.protocolName ?? "" }
        group.members = state.members.map { member in
            var answer = Response.Group.Member()
            answer.memberID = member.id
            answer.groupInstanceID = member.instanceID
            answer.clientID = member.clientID
            answer.clientHost = member.clientHost
            if isStable {
                answer.memberMetadata = member.metadata(for: state.protocolName)
                answer.memberAssignment = member.assignment
            }
            return answer
        }
        return group
    }
}
