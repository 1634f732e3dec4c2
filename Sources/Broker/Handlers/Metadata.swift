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
        let wantsNewTopics = exchange.version < 4 || request.allowAutoTopicCreation
        guard wantsNewTopics, exchange.services.settings.flag("auto.create.topics.enable") else { return [] }
        return (request.topics ?? []).compactMap(\.name).filter {
            exchange.services.catalogue.topic($0) == nil && TopicName.problem($0) == nil && !TopicName.isInternal($0)
                && exchange.authorize(.describe, .topic, $0) && mayCreate(exchange, $0)
        }
    }

    private static func mayCreate(_ exchange: Exchange<Response>, _ name: String) -> Bool {
        exchange.authorizeCluster(.create) || exchange.authorize(.create, .topic, name)
    }

    private static func response(_ request: Request, _ exchange: Exchange<Response>) -> Response {
        let services = exchange.services
        var response = Response()
        var broker = Response.Broker()
        broker.nodeID = services.settings.nodeID
        broker.host = exchange.session.listener.advertised.host
        broker.port = Int32(exchange.session.listener.advertised.port)
        response.brokers = [broker]
        response.clusterID = services.directory.clusterID
        response.controllerID = services.settings.nodeID
        if request.includeClusterAuthorizedOperations {
            response.clusterAuthorizedOperations = exchange.authorizedOperations(.cluster, ResourceType.clusterName)
        }
        // In version 0 an empty list asks for all topics; later null does.
        if let asked = request.topics, exchange.version > 0 || !asked.isEmpty {
            response.topics = asked.map { describe($0, request, exchange) }
        } else {
            response.topics = services.catalogue.all.filter { exchange.authorize(.describe, .topic, $0.name) }
                .map { describe($0, request, exchange) }
        }
        return response
    }

    private static func describe(
        _ asked: Request.Topic,
        _ request: Request,
        _ exchange: Exchange<Response>
    ) -> Response.Topic {
        let catalogue = exchange.services.catalogue
        let byName = asked.name.flatMap { catalogue.topic($0) }
        let found = asked.name == nil ? catalogue.topic(id: asked.topicID) : byName
        var answer = Response.Topic()
        answer.name = asked.name
        answer.topicID = asked.topicID
        if let name = asked.name ?? found?.name, !exchange.authorize(.describe, .topic, name) {
            // A name that may not be described tells nothing, neither its id nor whether it exists.
            answer.errorCode = .topicAuthorizationFailed
            return answer
        }
        if let found { return describe(found, request, exchange) }
        if let name = asked.name {
            answer.errorCode = TopicName.problem(name) == nil ? .unknownTopicOrPartition : .invalidTopic
            let wantsNewTopics = exchange.version < 4 || request.allowAutoTopicCreation
            if wantsNewTopics, exchange.services.settings.flag("auto.create.topics.enable"), !mayCreate(exchange, name)
            {
                answer.errorCode = .topicAuthorizationFailed
            }
        } else {
            answer.errorCode = .unknownTopicID
        }
        return answer
    }

    private static func describe(
        _ topic: Topic,
        _ request: Request,
        _ exchange: Exchange<Response>
    ) -> Response.Topic {
        let services = exchange.services
        var answer = Response.Topic()
        answer.name = topic.name
        answer.topicID = topic.id
        answer.isInternal = topic.isInternal
        if request.includeTopicAuthorizedOperations {
            answer.topicAuthorizedOperations = exchange.authorizedOperations(.topic, topic.name)
        }
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
