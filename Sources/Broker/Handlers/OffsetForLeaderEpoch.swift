import CommitLog
import EventLoop
import KafkaProtocol

/// OffsetForLeaderEpoch 0–4 (KIP-101, KIP-320): where a leader's epoch ends.
///
/// There is one epoch, and it goes on.
enum OffsetForLeaderEpochHandler: Handler {
    typealias Request = OffsetForLeaderEpochRequest
    typealias Response = OffsetForLeaderEpochResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        for topic in request.topics {
            var answer = Response.Topic()
            answer.topic = topic.topic
            let isAllowed = exchange.authorize(.describe, .topic, topic.topic)
            let found = exchange.services.catalogue.topic(topic.topic)
            for asked in topic.partitions {
                var partition = Response.Topic.EpochEndOffset()
                partition.partition = asked.partition
                if !isAllowed {
                    partition.errorCode = .topicAuthorizationFailed
                } else if let log = found?.partition(asked.partition) {
                    if let error = LeaderEpoch.problem(asked.currentLeaderEpoch) ?? log.readProblem {
                        partition.errorCode = error
                    } else if asked.leaderEpoch == Topic.leaderEpoch {
                        partition.leaderEpoch = Topic.leaderEpoch
                        partition.endOffset = log.highWatermark
                    }
                } else {
                    partition.errorCode = .unknownTopicOrPartition
                }
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        exchange.answer(response)
    }
}
