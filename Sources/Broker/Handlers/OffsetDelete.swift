import CommitLog
import EventLoop
import KafkaProtocol

/// OffsetDelete 0 (KIP-496).
enum OffsetDeleteHandler: Handler {
    typealias Request = OffsetDeleteRequest
    typealias Response = OffsetDeleteResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        guard exchange.authorize(.delete, .group, request.groupID) else {
            var response = Response()
            response.errorCode = .groupAuthorizationFailed
            return exchange.answer(response)
        }
        let forbidden = Set(request.topics.map(\.name).filter { !exchange.authorize(.read, .topic, $0) })
        let catalogue = exchange.services.catalogue
        let known = request.topics.flatMap { topic in
            topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.partitionIndex) }
        }.filter { !forbidden.contains($0.topic) && catalogue.partition($0.topic, $0.partition) != nil }
        exchange.services.groups.run { groups in
            groups.deleteOffsets(request.groupID, known) { error, inUse in
                var response = Response()
                response.errorCode = error
                if error == .none {
                    response.topics = request.topics.map { topic in
                        var answer = answer(topic, Set(known), inUse)
                        guard forbidden.contains(topic.name) else { return answer }
                        for index in answer.partitions.indices {
                            answer.partitions[index].errorCode = .topicAuthorizationFailed
                        }
                        return answer
                    }
                }
                exchange.answer(response)
            }
        }
    }

    private static func answer(
        _ topic: Request.Topic,
        _ known: Set<TopicPartition>,
        _ inUse: Set<TopicPartition>
    ) -> Response.Topic {
        var answer = Response.Topic()
        answer.name = topic.name
        answer.partitions = topic.partitions.map { asked in
            let name = TopicPartition(topic: topic.name, partition: asked.partitionIndex)
            var partition = Response.Topic.Partition()
            partition.partitionIndex = asked.partitionIndex
            partition.errorCode =
                inUse.contains(name) ? .groupSubscribedToTopic : known.contains(name) ? .none : .unknownTopicOrPartition
            return partition
        }
        return answer
    }
}
