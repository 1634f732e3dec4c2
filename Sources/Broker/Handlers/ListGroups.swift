import EventLoop
import KafkaProtocol

/// ListGroups 0–5 (state filter KIP-518, type filter KIP-848).
enum ListGroupsHandler: Handler {
    typealias Request = ListGroupsRequest
    typealias Response = ListGroupsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let states = Set(request.statesFilter.map { $0.lowercased() })
        let types = Set(request.typesFilter.map { $0.lowercased() })
        exchange.services.groups.run { groups in
            var response = Response()
            let seesAll = exchange.authorizeCluster(.describe)
            for (id, group) in groups.groups.sorted(by: { $0.key < $1.key }) {
                let (state, type) = (group.phaseName, group.typeName)
                guard states.isEmpty || states.contains(state.lowercased()) else { continue }
                guard types.isEmpty || types.contains(type) else { continue }
                guard seesAll || exchange.authorize(.describe, .group, id) else { continue }
                var answer = Response.Group()
                answer.groupID = id
                answer.protocolType = group.protocolType
                answer.groupState = state
                answer.groupType = type
                response.groups.append(answer)
            }
            exchange.answer(response)
        }
    }
}
