import EventLoop
import KafkaProtocol

/// ElectLeaders 0–2 (KIP-183, unclean elections KIP-460): the only broker leads already.
enum ElectLeadersHandler: Handler {
    typealias Request = ElectLeadersRequest
    typealias Response = ElectLeadersResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        if !exchange.authorizeCluster(.alter) {
            response.errorCode = .clusterAuthorizationFailed
        } else if !(0...1).contains(request.electionType) {
            response.errorCode = .invalidRequest
        }
        // Without a list, the partitions that need no election are left out of the answer: all of them.
        response.replicaElectionResults = (request.topicPartitions ?? []).map { topic in
            var answer = Response.Topic()
            answer.topic = topic.topic
            answer.partitionResult = topic.partitions.map { index in
                var partition = Response.Topic.Partition()
                partition.partitionID = index
                if response.errorCode != .none {
                    partition.errorCode = response.errorCode
                } else if exchange.services.catalogue.partition(topic.topic, index) == nil {
                    partition.errorCode = .unknownTopicOrPartition
                    partition.errorMessage = "No such partition as \(topic.topic)-\(index)"
                } else {
                    partition.errorCode = .electionNotNeeded
                    partition.errorMessage = "Leader election not needed for topic partition."
                }
                return partition
            }
            return answer
        }
        exchange.answer(response)
    }
}
