import EventLoop
import KafkaProtocol

/// ListGroups 0–4 (state filter KIP-518).
enum ListGroupsHandler: Handler {
    typealias Request = ListGroupsRequest
    typealias Response = ListGroupsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let states = Set(request.statesFilter.map { $0.lowercased() })
        exchange.services.groups.run { groups in
            var response = Response()
            for (id, group) in groups.groups.sorted(by: { $0.key < $1.key }) {
                let state = group.state.phase.rawValue
                guard states.isEmpty || states.contains(state.lowercased()) else { continue }
                var answer = Response.Group()
                answer.groupID = id
                answer.protocolType = group.state.protocolType ?? ""
                answer.groupState = state
                response.groups.append(answer)
            }
            exchange.answer(response)
        }
    }
}
