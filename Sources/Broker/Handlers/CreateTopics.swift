import EventLoop
import KafkaProtocol

/// CreateTopics 0–7 (defaults KIP-464, configs in the answer KIP-525, topic ids KIP-516).
enum CreateTopicsHandler: Handler {
    typealias Request = CreateTopicsRequest
    typealias Response = CreateTopicsResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.services.administration.post {
            var response = Response()
            var counts: [String: Int] = [:]
            for topic in request.topics { counts[topic.name, default: 0] += 1 }
            for topic in request.topics {
                // A name that is there more than once is answered once.
                guard let count = counts.removeValue(forKey: topic.name) else { continue }
                var answer = Response.Topic()
                answer.name = topic.name
                do throws(TopicCatalogue.Refusal) {
                    guard count == 1 else {
                        throw TopicCatalogue.Refusal(.invalidRequest, "Duplicate topic name.")
                    }
                    guard exchange.authorizeCluster(.create) || exchange.authorize(.create, .topic, topic.name) else {
                        throw TopicCatalogue.Refusal(.topicAuthorizationFailed, "Topic authorization failed.")
                    }
                    try create(topic, request.validateOnly, exchange, &answer)
                } catch {
                    answer.errorCode = error.code
                    answer.errorMessage = error.message
                    answer.configs = []
                }
                response.topics.append(answer)
            }
            exchange.answer(response)
        }
    }

    private static func create(
        _ topic: Request.Topic,
        _ validateOnly: Bool,
        _ exchange: Exchange<Response>,
        _ answer: inout Response.Topic
    ) throws(TopicCatalogue.Refusal) {
        let services = exchange.services
        let count = try partitionCount(topic, services)
        var configs = TopicConfigs()
        for config in topic.configs {
            guard let value = config.value else {
                throw TopicCatalogue.Refusal(
                    .invalidConfig,
                    "Null value not supported for topic configs: \(config.name)"
                )
            }
            configs.set(config.name, value)
        }
        if TopicName.isInternal(topic.name) {
            throw TopicCatalogue.Refusal(.invalidTopic, "Topic '\(topic.name)' is the broker's own.")
        }
        guard validateOnly || exchange.mutate(Int(count), isStrict: exchange.version >= 6) else {
            throw TopicCatalogue.Refusal(.throttlingQuotaExceeded, "The throttling quota has been exceeded.")
        }
        if validateOnly {
            try services.catalogue.check(name: topic.name, partitionCount: count, configs: configs)
        } else {
            answer.topicID =
                try services.catalogue.create(name: topic.name, partitionCount: count, configs: configs).id
        }
        guard exchange.authorize(.describeConfigs, .topic, topic.name) else {
            answer.topicConfigErrorCode = ErrorCode.topicAuthorizationFailed.rawValue
            answer.configs = nil
            return
        }
        answer.numPartitions = count
        answer.replicationFactor = 1
        let settings = services.configs.settings
        answer.configs = TopicConfigs.table.map { definition in
            var config = Response.Topic.Config()
            config.name = definition.key
            config.value = configs.value(definition.key, settings)
            config.configSource = ConfigSource.of(definition, configs, settings)
            return config
        }
    }

    private static func partitionCount(
        _ topic: Request.Topic,
        _ services: BrokerServices
    ) throws(TopicCatalogue.Refusal) -> Int32 {
        if topic.assignments.isEmpty {
            guard topic.replicationFactor == -1 || topic.replicationFactor == 1 else {
                throw TopicCatalogue.Refusal(
                    .invalidReplicationFactor,
                    "Replication factor is \(topic.replicationFactor); one broker keeps one copy: use 1 or -1."
                )
            }
            return topic.numPartitions == -1
                ? Int32(clamping: services.settings.integer("num.partitions")) : topic.numPartitions
        }
        let indexes = topic.assignments.map(\.partitionIndex).sorted()
        guard indexes == Array(0..<Int32(clamping: indexes.count)),
            topic.assignments.allSatisfy({ $0.brokerIDs == [services.settings.nodeID] })
        else {
            throw TopicCatalogue.Refusal(
                .invalidReplicaAssignment,
                "Partitions must be numbered from 0 without gaps, each on broker \(services.settings.nodeID)."
            )
        }
        return Int32(clamping: indexes.count)
    }
}
