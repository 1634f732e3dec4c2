import EventLoop
import KafkaProtocol

/// ConsumerGroupHeartbeat 0–1 (KIP-848, member ids of the client's making KIP-1082).
///
/// Subscriptions by a pattern are refused: the broker has no matcher that a hostile pattern could not stall.
enum ConsumerGroupHeartbeatHandler: Handler {
    typealias Request = ConsumerGroupHeartbeatRequest
    typealias Response = ConsumerGroupHeartbeatResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.read, .group, request.groupID) else {
            return exchange.answer(Response(.refusal(.groupAuthorizationFailed, "Group authorization failed.")))
        }
        let names = request.subscribedTopicNames ?? []
        guard names.allSatisfy({ exchange.authorize(.describe, .topic, $0) }) else {
            return exchange.answer(Response(.refusal(.topicAuthorizationFailed, "Topic authorization failed.")))
        }
        if let regex = request.subscribedTopicRegex, !regex.isEmpty {
            let message = "This broker does not match subscriptions by pattern; subscribe to topics by name."
            return exchange.answer(Response(.refusal(.invalidRegularExpression, message)))
        }
        var beat = ConsumerGroupState.Heartbeat(memberID: request.memberID, epoch: request.memberEpoch)
        if exchange.version == 0, beat.memberID.isEmpty, beat.epoch == 0 { beat.memberID = KafkaUUID.random().text }
        beat.instanceID = request.instanceID
        beat.rackID = request.rackID
        beat.clientID = exchange.header.clientID ?? ""
        beat.clientHost = exchange.session.clientHost
        beat.rebalanceTimeoutMilliseconds = request.rebalanceTimeoutMilliseconds
        beat.topics = request.subscribedTopicNames
        beat.regex = request.subscribedTopicRegex
        beat.assignor = request.serverAssignor
        beat.owned = request.topicPartitions.map { PartitionSet($0) }
        let groupID = request.groupID
        exchange.services.groups.run { [beat] groups in
            groups.consumerHeartbeat(groupID, beat) { exchange.answer(Response($0)) }
        }
    }
}

extension ConsumerGroupHeartbeatResponse {
    fileprivate init(_ answer: ConsumerGroupState.Answer) {
        self.init()
        errorCode = answer.error
        errorMessage = answer.message
        memberID = answer.memberID
        memberEpoch = answer.epoch
        heartbeatIntervalMilliseconds = answer.heartbeatIntervalMilliseconds
        if let partitions = answer.assignment {
            var assignment = Assignment()
            assignment.topicPartitions = partitions.wire
            self.assignment = assignment
        }
    }
}
