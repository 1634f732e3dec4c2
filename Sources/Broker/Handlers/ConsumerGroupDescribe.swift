import EventLoop
import KafkaProtocol

/// ConsumerGroupDescribe 0–1 (KIP-848, kinds of members KIP-1099).
enum ConsumerGroupDescribeHandler: Handler {
    typealias Request = ConsumerGroupDescribeRequest
    typealias Response = ConsumerGroupDescribeResponse

    private static let consumerMember: Int8 = 1

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.groups.run { groups in
            var response = Response()
            response.groups = request.groupIDs.map { id in
                var answer = describe(id, groups, exchange)
                answer.groupID = id
                if request.includeAuthorizedOperations, answer.errorCode == .none {
                    answer.authorizedOperations = exchange.authorizedOperations(.group, id)
                }
                return answer
            }
            exchange.answer(response)
        }
    }

    private static func describe(
        _ id: String,
        _ groups: GroupCoordinator,
        _ exchange: Exchange<Response>
    ) -> Response.Group {
        func refusal(_ code: ErrorCode, _ message: String) -> Response.Group {
            var group = Response.Group()
            group.errorCode = code
            group.errorMessage = message
            return group
        }
        guard exchange.authorize(.describe, .group, id) else {
            return refusal(.groupAuthorizationFailed, "Group authorization failed.")
        }
        guard let group = groups.groups[id] else { return refusal(.groupIDNotFound, "Group \(id) not found.") }
        guard let state = group.consumer else {
            return refusal(.groupIDNotFound, "Group \(id) is not a consumer group.")
        }
        guard state.subscribedTopics.allSatisfy({ exchange.authorize(.describe, .topic, $0) }) else {
            return refusal(.topicAuthorizationFailed, "The group has topics that the client may not describe.")
        }
        var answer = Response.Group()
        answer.groupState = state.phase.rawValue
        answer.groupEpoch = state.epoch
        answer.assignmentEpoch = state.targetEpoch
        answer.assignorName = state.assignor.rawValue
        answer.members = state.members.values.sorted { $0.id < $1.id }.map { describe($0, state, exchange.services) }
        return answer
    }

    private static func describe(
        _ member: ConsumerGroupMember,
        _ state: ConsumerGroupState,
        _ services: BrokerServices
    ) -> Response.Member {
        var answer = Response.Member()
        answer.memberID = member.id
        answer.instanceID = member.instanceID
        answer.rackID = member.rackID
        answer.memberEpoch = member.epoch
        answer.clientID = member.clientID
        answer.clientHost = member.clientHost
        answer.subscribedTopicNames = member.topics
        answer.subscribedTopicRegex = member.regex ?? ""
        answer.assignment = assignment(member.owned.partitions, services)
        answer.targetAssignment = assignment(state.targets[member.id] ?? PartitionSet(), services)
        answer.memberType = consumerMember
        return answer
    }

    private static func assignment(_ partitions: PartitionSet, _ services: BrokerServices) -> Response.Assignment {
        var assignment = Response.Assignment()
        assignment.topicPartitions = partitions.wire.compactMap { topic in
            guard let name = services.catalogue.topic(id: topic.topicID)?.name else { return nil }
            var answer = Response.TopicPartitions()
            answer.topicID = topic.topicID
            answer.topicName = name
            answer.partitions = topic.partitions
            return answer
        }
        return assignment
    }
}
