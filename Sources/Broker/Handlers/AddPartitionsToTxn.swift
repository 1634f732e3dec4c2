import CommitLog
import EventLoop
import KafkaProtocol

/// AddPartitionsToTxn 0–5 (KIP-98; several transactions at once, KIP-890, which brokers ask each other and we serve alike).
///
/// All partitions join or none: where one may not, the others are answered as not attempted.
enum AddPartitionsToTxnHandler: Handler {
    typealias Request = AddPartitionsToTxnRequest
    typealias Response = AddPartitionsToTxnResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        if exchange.version >= 4 {
            return addAll(request.transactions[...], Response(), exchange)
        }
        var asked = Request.Transaction()
        asked.transactionalID = request.transactionalID
        asked.producerID = request.producerID
        asked.producerEpoch = request.producerEpoch
        asked.topics = request.topics.map { topic in
            var copy = Request.Transaction.Topic()
            copy.name = topic.name
            copy.partitions = topic.partitions
            return copy
        }
        add(asked, exchange) { results in
            var response = Response()
            response.topics = results.map { topic in
                var copy = Response.Topic()
                copy.name = topic.name
                copy.partitions = topic.partitions.map { partition in
                    var result = Response.Topic.Partition()
                    result.partitionIndex = partition.partitionIndex
                    result.errorCode = partition.errorCode
                    return result
                }
                return copy
            }
            exchange.answer(response)
        }
    }

    private static func addAll(
        _ left: ArraySlice<Request.Transaction>,
        _ response: Response,
        _ exchange: Exchange<Response>
    ) {
        guard let asked = left.first else { return exchange.answer(response) }
        add(asked, exchange) { topics in
            var response = response
            var result = Response.Transaction()
            result.transactionalID = asked.transactionalID
            result.topics = topics
            response.transactions.append(result)
            addAll(left.dropFirst(), response, exchange)
        }
    }

    private static func add(
        _ asked: Request.Transaction,
        _ exchange: Exchange<Response>,
        _ then: @escaping @Sendable ([Response.Transaction.Topic]) -> Void
    ) {
        var problems: [TopicPartition: ErrorCode] = [:]
        var partitions: Set<TopicPartition> = []
        for topic in asked.topics {
            let found = exchange.services.catalogue.topic(topic.name)
            let isAllowed = exchange.authorize(.write, .topic, topic.name)
            for index in topic.partitions {
                let partition = TopicPartition(topic: topic.name, partition: index)
                if !isAllowed {
                    problems[partition] = .topicAuthorizationFailed
                } else if found?.partition(index) == nil {
                    problems[partition] = .unknownTopicOrPartition
                } else {
                    partitions.insert(partition)
                }
            }
        }
        let refused = problems
        let answer: @Sendable (ErrorCode) -> Void = { error in
            then(
                asked.topics.map { topic in
                    var result = Response.Transaction.Topic()
                    result.name = topic.name
                    result.partitions = topic.partitions.map { index in
                        var partition = Response.Transaction.Topic.Partition()
                        partition.partitionIndex = index
                        partition.errorCode = refused[TopicPartition(topic: topic.name, partition: index)] ?? error
                        return partition
                    }
                    return result
                }
            )
        }
        guard exchange.authorize(.write, .transactionalID, asked.transactionalID) else {
            return answer(.transactionalIDAuthorizationFailed)
        }
        guard problems.isEmpty else { return answer(.operationNotAttempted) }
        let producer = ProducerIdentity(id: asked.producerID, epoch: asked.producerEpoch)
        let wanted = partitions
        exchange.services.transactions.run { coordinator in
            if asked.verifyOnly { return answer(coordinator.verify(wanted, in: asked.transactionalID, by: producer)) }
            coordinator.add(wanted, to: asked.transactionalID, by: producer) { error in
                answer(error.forTransactionalClient(knowsFencing: exchange.version >= 2))
            }
        }
    }
}

extension ErrorCode {
    /// Older clients know a fenced producer by its epoch only.
    func forTransactionalClient(knowsFencing: Bool) -> ErrorCode {
        self == .producerFenced && !knowsFencing ? .invalidProducerEpoch : self
    }
}
