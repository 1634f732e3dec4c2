import CommitLog
import EventLoop
import KafkaProtocol

/// Metadata 0–13 (topic ids: KIP-516, authorized operations: KIP-430, an error for the whole: KIP-1102): who leads
/// what.
///
/// One broker leads everything.
enum MetadataHandler: Handler {
    typealias Request = MetadataRequest
    typealias Response = MetadataResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        let services = exchange.services
        let missing = missingTopics(request, exchange)
        guard !missing.isEmpty else { return exchange.answer(response(request, exchange)) }
        services.administration.post {
            for name in missing {
                let count = Int32(clamping: services.settings.integer("num.partitions"))
                // Another client may have been quicker; the answer says what there is then.
                _ = try? services.catalogue.create(name: name, partitionCount: count, configs: TopicConfigs())
            }
            exchange.answer(response(request, exchange))
        }
    }

    /// The topics to create because someone asks for them.
    private static func missingTopics(_ request: Request, _ exchange: Exchange<Response>) -> [String] {
        let mayCreate = exchange.version < 4 || request.allowAutoTopicCreation
        guard mayCreate, exchange.services.settings.flag("auto.create.topics.enable") else { return [] }
        return (request.topics ?? []).compactMap(\.name).filter {
            exchange.services.catalogue.topic($0) == nil && TopicName.problem($0) == nil && !TopicName.isInternal($0)
        }
    }

    private static func response(_ request: Request, _ exchange: Exchange<Response>) -> Response {
        let services = exchange.services
        var response = Response()
        var broker = Response.Broker()
        broker.nodeID = services.settings.nodeID
        broker.host = services.advertised.host
        broker.port = services.advertised.port
        response.brokers = [broker]
        response.clusterID = services.directory.clusterID
        response.controllerID = services.settings.nodeID
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = AuthorizedOperations.cluster
        }
        // In version 0 an empty list asks for all topics; later null does.
        if let asked = request.topics, exchange.version > 0 || !asked.isEmpty {
            response.topics = asked.map { describe($0, request, services) }
        } else {
            response.topics = services.catalogue.all.map { describe($0, request, services) }
        }
        return response
    }

    private static func describe(_ asked: Request.Topic, _ request: Request, _ services: BrokerServices)
        -> Response.Topic
    {
        let byName = asked.name.flatMap { services.catalogue.topic($0) }
        if let topic = asked.name == nil ? services.catalogue.topic(id: asked.topicID) : byName {
            return describe(topic, request, services)
        }
        var answer = Response.Topic()
        answer.name = asked.name
        answer.topicID = asked.topicID
        if let name = asked.name {
            answer.errorCode = TopicName.problem(name) == nil ? .unknownTopicOrPartition : .invalidTopic
        } else {
            answer.errorCode = .unknownTopicID
        }
        return answer
    }

    private static func describe(_ topic: Topic, _ request: Request, _ services: BrokerServices) -> Response.Topic {
        var answer = Response.Topic()
        answer.name = topic.name
        answer.topicID = topic.id
        answer.isInternal = topic.isInternal
        if request.includeTopicAuthorizedOperations { answer.topicAuthorizedOperations = AuthorizedOperations.topic }
        let node = [services.settings.nodeID]
        answer.partitions = topic.partitions.indices.map { index in
            var partition = Response.Topic.Partition()
            partition.partitionIndex = Int32(index)
            partition.leaderID = services.settings.nodeID
            partition.leaderEpoch = Topic.leaderEpoch
            partition.replicaNodes = node
            partition.isrNodes = node
            return partition
        }
        return answer
    }
}

/// Bit sets of what a client may do (KIP-430); without access control, everything that there is.
enum AuthorizedOperations {
    /// Create, alter, describe, cluster action, describe and alter configs, idempotent write.
    static let cluster: Int32 = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
    /// Read, write, create, delete, alter, describe, describe and alter configs.
    static let topic: Int32 = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11
    /// Read, delete, describe.
    static let group: Int32 = 1 << 3 | 1 << 6 | 1 << 8
}
