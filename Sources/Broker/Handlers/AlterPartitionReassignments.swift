import EventLoop
import KafkaProtocol

/// AlterPartitionReassignments 0–1 (KIP-455, replication factor check KIP-860): a partition can only stay where it is.
enum AlterPartitionReassignmentsHandler: Handler {
    typealias Request = AlterPartitionReassignmentsRequest
    typealias Response = AlterPartitionReassignmentsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        response.allowReplicationFactorChange = request.allowReplicationFactorChange
        guard exchange.authorizeCluster(.alter) else {
            response.errorCode = .clusterAuthorizationFailed
            return exchange.answer(response)
        }
        response.responses = request.topics.map { topic in
            var answer = Response.Topic()
            answer.name = topic.name
            answer.partitions = topic.partitions.map { asked in
                var partition = Response.Topic.Partition()
                partition.partitionIndex = asked.partitionIndex
                if let refusal = refusal(topic.name, asked, exchange.services) {
                    partition.errorCode = refusal.code
                    partition.errorMessage = refusal.message
                }
                return partition
            }
            return answer
        }
        exchange.answer(response)
    }

    private static func refusal(
        _ topic: String,
        _ asked: Request.Topic.Partition,
        _ services: BrokerServices
    ) -> TopicCatalogue.Refusal? {
        guard let found = services.catalogue.topic(topic) else {
            return .init(.unknownTopicOrPartition, "Unable to find a topic named \(topic).")
        }
        guard found.partition(asked.partitionIndex) != nil else {
            return .init(.unknownTopicOrPartition, "Unable to find partition \(topic)-\(asked.partitionIndex).")
        }
        // Null calls a reassignment off.
        guard let replicas = asked.replicas else { return .init(.noReassignmentInProgress, "") }
        let node = services.settings.nodeID
        if replicas == [node] { return nil }
        if replicas.isEmpty {
            return .init(.invalidReplicaAssignment, "The manual partition assignment includes an empty replica list.")
        }
        return .init(.invalidReplicaAssignment, "There is one broker, \(node): no partition can be on \(replicas).")
    }
}
