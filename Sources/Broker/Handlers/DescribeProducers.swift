import CommitLog
import EventLoop
import KafkaProtocol

/// DescribeProducers 0 (KIP-664): what partitions know of their producers.
enum DescribeProducersHandler: Handler {
    typealias Request = DescribeProducersRequest
    typealias Response = DescribeProducersResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        for topic in request.topics {
            var answer = Response.Topic()
            answer.name = topic.name
            let isAllowed = exchange.authorize(.read, .topic, topic.name)
            let found = exchange.services.catalogue.topic(topic.name)
            for index in topic.partitionIndexes {
                var partition = Response.Topic.Partition()
                partition.partitionIndex = index
                if !isAllowed {
                    partition.errorCode = .topicAuthorizationFailed
                } else if let log = found?.partition(index) {
                    partition.activeProducers = log.producerStates().map(producer)
                } else {
                    partition.errorCode = .unknownTopicOrPartition
                }
                answer.partitions.append(partition)
            }
            response.topics.append(answer)
        }
        exchange.answer(response)
    }

    private static func producer(_ state: ProducerState) -> Response.Topic.Partition.Producer {
        var producer = Response.Topic.Partition.Producer()
        producer.producerID = state.producerID
        producer.producerEpoch = Int32(state.producerEpoch)
        producer.lastSequence = state.lastSequence
        producer.lastTimestamp = state.lastTimestamp
        producer.coordinatorEpoch = state.coordinatorEpoch
        producer.currentTransactionStartOffset = state.transactionStartOffset
        return producer
    }
}
