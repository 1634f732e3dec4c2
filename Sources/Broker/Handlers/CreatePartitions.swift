import EventLoop
import KafkaProtocol

/// CreatePartitions 0–3 (KIP-195).
enum CreatePartitionsHandler: Handler {
    typealias Request = CreatePartitionsRequest
    typealias Response = CreatePartitionsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        services.administration.post {
            var response = Response()
            response.results = request.topics.map { topic in
                var answer = Response.Topic()
                answer.name = topic.name
                do throws(TopicCatalogue.Refusal) {
                    guard exchange.authorize(.alter, .topic, topic.name) else {
                        throw TopicCatalogue.Refusal(.topicAuthorizationFailed, "Topic authorization failed.")
                    }
                    try grow(topic, request.validateOnly, exchange)
                } catch {
                    answer.errorCode = error.code
                    answer.errorMessage = error.message
                }
                return answer
            }
            exchange.answer(response)
        }
    }

    private static func grow(
        _ topic: Request.Topic,
        _ validateOnly: Bool,
        _ exchange: Exchange<Response>
    ) throws(TopicCatalogue.Refusal) {
        let services = exchange.services
        guard let found = services.catalogue.topic(topic.name) else {
            throw TopicCatalogue.Refusal(.unknownTopicOrPartition, "The topic '\(topic.name)' does not exist.")
        }
        guard !found.isInternal else {
            throw TopicCatalogue.Refusal(.invalidTopic, "Topic '\(topic.name)' is the broker's own.")
        }
        let current = found.partitions.count
        guard Int(topic.count) > current, topic.count <= TopicName.partitionsMax else {
            throw TopicCatalogue.Refusal(
                .invalidPartitions,
                Int(topic.count) == current
                    ? "Topic already has \(current) partition(s)."
                    : "The topic \(topic.name) currently has \(current) partition(s); \(topic.count) would not be an increase."
            )
        }
        if let assignments = topic.assignments {
            guard assignments.count == Int(topic.count) - current,
                assignments.allSatisfy({ $0.brokerIDs == [services.settings.nodeID] })
            else {
                throw TopicCatalogue.Refusal(
                    .invalidReplicaAssignment,
                    "Each of the \(Int(topic.count) - current) new partitions must be on broker \(services.settings.nodeID)."
                )
            }
        }
        guard validateOnly || exchange.mutate(Int(topic.count) - current, isStrict: exchange.version >= 3) else {
            throw TopicCatalogue.Refusal(.throttlingQuotaExceeded, "The throttling quota has been exceeded.")
        }
        if !validateOnly { try services.catalogue.addPartitions(name: topic.name, total: topic.count) }
    }
}
