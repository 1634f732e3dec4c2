import EventLoop
import KafkaProtocol

/// DeleteGroups 0–2 (KIP-229).
enum DeleteGroupsHandler: Handler {
    typealias Request = DeleteGroupsRequest
    typealias Response = DeleteGroupsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.groups.run { groups in
            delete(request.groupsNames[...], Response(), groups, exchange)
        }
    }

    private static func delete(
        _ left: ArraySlice<String>,
        _ response: Response,
        _ groups: GroupCoordinator,
        _ exchange: Exchange<Response>
    ) {
        guard let id = left.first else { return exchange.answer(response) }
        guard exchange.authorize(.delete, .group, id) else {
            var (response, result) = (response, Response.Result())
            result.groupID = id
            result.errorCode = .groupAuthorizationFailed
            response.results.append(result)
            return delete(left.dropFirst(), response, groups, exchange)
        }
        groups.delete(id) { error in
            var response = response
            var result = Response.Result()
            result.groupID = id
            result.errorCode = error
            response.results.append(result)
            groups.run { [response] groups in delete(left.dropFirst(), response, groups, exchange) }
        }
    }
}
