import EventLoop
import KafkaProtocol

/// DescribeTopicPartitions 0 (KIP-966): topics and partitions page by page, in the order of their names.
enum DescribeTopicPartitionsHandler: Handler {
    typealias Request = DescribeTopicPartitionsRequest
    typealias Response = DescribeTopicPartitionsResponse

    /// Partitions of one answer, as Kafka's max.request.partition.size.limit.
    private static let partitionsMax = 2000

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var names = Set(request.topics.map(\.name))
        let wantsAll = names.isEmpty
        if wantsAll {
            names = Set(
                exchange.services.catalogue.all.map(\.name).filter { exchange.authorize(.describe, .topic, $0) }
            )
        }
        var response = Response()
        var left = min(Self.partitionsMax, max(1, Int(request.responsePartitionLimit)))
        for name in names.sorted() {
            if let cursor = request.cursor, name < cursor.topicName { continue }
            let first = request.cursor.map { name == $0.topicName ? max(0, Int($0.partitionIndex)) : 0 } ?? 0
            guard left > 0 else {
                response.nextCursor = .init(name, 0)
                break
            }
            let topic = exchange.authorize(.describe, .topic, name) ? exchange.services.catalogue.topic(name) : nil
            guard let topic else {
                var answer = Response.Topic()
                answer.name = name
                answer.errorCode =
                    !exchange.authorize(.describe, .topic, name)
                    ? .topicAuthorizationFailed
                    : TopicName.problem(name) == nil ? .unknownTopicOrPartition : .invalidTopic
                response.topics.append(answer)
                continue
            }
            let end = min(topic.partitions.count, first + left)
            if first < end {
                response.topics.append(describe(topic, first..<end, exchange))
                left -= end - first
            }
            if end < topic.partitions.count, first < end {
                response.nextCursor = .init(name, Int32(end))
                break
            }
        }
        exchange.answer(response)
    }

    private static func describe(
        _ topic: Topic,
        _ partitions: Range<Int>,
        _ exchange: Exchange<Response>
    ) -> Response.Topic {
        let node = exchange.services.settings.nodeID
        var answer = Response.Topic()
        answer.name = topic.name
        answer.topicID = topic.id
        answer.isInternal = topic.isInternal
        answer.topicAuthorizedOperations = exchange.authorizedOperations(.topic, topic.name)
        answer.partitions = partitions.map { index in
            var partition = Response.Topic.Partition()
            partition.partitionIndex = Int32(index)
            partition.leaderID = node
            partition.leaderEpoch = Topic.leaderEpoch
            partition.replicaNodes = [node]
            partition.isrNodes = [node]
            // Null would be allowed, and is more than Java's admin client bears.
            partition.eligibleLeaderReplicas = []
            partition.lastKnownElr = []
            return partition
        }
        return answer
    }
}

extension DescribeTopicPartitionsResponse.Cursor {
    fileprivate init(_ topic: String, _ partition: Int32) {
        self.init()
        topicName = topic
        partitionIndex = partition
    }
}
