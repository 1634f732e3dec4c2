import Broker
import KafkaProtocol
import Testing

/// Access rules over the wire: what a client without rights is told, and what it is not told.
@Suite struct AccessTests {
    private static let closed = ["authorizer.class.name": "standard"]
    private static let own = ["authorizer.class.name": "standard", "super.users": "User:admin; User:ANONYMOUS"]

    private static func creation(
        _ operation: AccessOperation,
        _ type: ResourceType,
        _ name: String,
        _ pattern: PatternType = .literal,
        principal: String = "User:ANONYMOUS"
    ) -> CreateAclsRequest.Creation {
        var creation = CreateAclsRequest.Creation()
        creation.resourceType = type.rawValue
        creation.resourceName = name
        creation.resourcePatternType = pattern.rawValue
        creation.principal = principal
        creation.host = "*"
        creation.operation = operation.rawValue
        creation.permissionType = AccessPermission.allow.rawValue
        return creation
    }

    private static func create(_ client: WireClient, _ creations: [CreateAclsRequest.Creation]) throws -> [ErrorCode] {
        var request = CreateAclsRequest()
        request.creations = creations
        return try client.call(request, version: 3, as: CreateAclsResponse.self).results.map(\.errorCode)
    }

    /// Topics and rules made by a super user, who is none after the restart.
    private static func guarded(_ creations: [CreateAclsRequest.Creation]) throws -> BrokerFixture {
        let broker = try BrokerFixture(own)
        try broker.createTopic("open-1")
        try broker.createTopic("secret")
        _ = try broker.client().produce("open-1", batch(["a"]))
        #expect(try create(broker.client(), creations).allSatisfy { $0 == .none })
        try broker.restart(closed)
        return broker
    }

    @Test func `without an authorizer, rules are refused`() throws {
        let broker = try BrokerFixture()
        #expect(try Self.create(broker.client(), [Self.creation(.read, .topic, "t")]) == [.securityDisabled])
        let described = try broker.client().call(DescribeAclsRequest(), version: 2, as: DescribeAclsResponse.self)
        #expect(described.errorCode == .securityDisabled)
    }

    @Test func `a client sees and reads what it was given, and nothing else`() throws {
        let broker = try Self.guarded([
            Self.creation(.read, .topic, "open", .prefixed), Self.creation(.read, .group, "mine"),
        ])
        let client = try broker.client()
        #expect(try client.fetch(fetchRequest("open-1", offset: 0)).errorCode == .none)
        #expect(try client.fetch(fetchRequest("secret", offset: 0)).errorCode == .topicAuthorizationFailed)
        #expect(try client.fetch(fetchRequest("missing", offset: 0)).errorCode == .topicAuthorizationFailed)
        #expect(try client.produce("open-1", batch(["b"])).errorCode == .topicAuthorizationFailed)

        var all = MetadataRequest()
        all.topics = nil
        all.includeTopicAuthorizedOperations = true
        let listed = try client.call(all, version: 12, as: MetadataResponse.self).topics
        #expect(listed.map(\.name) == ["open-1"])
        #expect(listed.first?.topicAuthorizedOperations == 1 << 3 | 1 << 8)

        var named = MetadataRequest()
        named.topics = ["secret", "missing"].map { name in
            var topic = MetadataRequest.Topic()
            topic.name = name
            return topic
        }
        for topic in try client.call(named, version: 12, as: MetadataResponse.self).topics {
            #expect(topic.errorCode == .topicAuthorizationFailed && topic.topicID == .zero && topic.partitions.isEmpty)
        }
    }

    @Test func `whatever is not given is refused with the code of its resource`() throws {
        let broker = try Self.guarded([Self.creation(.describe, .topic, "open-1")])
        let client = try broker.client()
        var heartbeat = HeartbeatRequest()
        heartbeat.groupID = "g"
        #expect(
            try client.call(heartbeat, version: 4, as: HeartbeatResponse.self).errorCode == .groupAuthorizationFailed
        )
        var create = CreateTopicsRequest()
        create.topics = [.init()]
        create.topics[0].name = "new"
        create.topics[0].numPartitions = 1
        create.topics[0].replicationFactor = 1
        #expect(
            try client.call(create, version: 7, as: CreateTopicsResponse.self).topics.map(\.errorCode)
                == [.topicAuthorizationFailed]
        )
        var delete = DeleteTopicsRequest()
        delete.topicNames = ["open-1", "secret"]
        let deleted = try client.call(delete, version: 5, as: DeleteTopicsResponse.self).responses
        #expect(deleted.allSatisfy { $0.errorCode == .topicAuthorizationFailed })
        let producer = try client.call(InitProducerIdRequest(), version: 4, as: InitProducerIdResponse.self)
        #expect(producer.errorCode == .clusterAuthorizationFailed)
        let described = try client.call(DescribeAclsRequest(), version: 2, as: DescribeAclsResponse.self)
        #expect(described.errorCode == .clusterAuthorizationFailed)
        #expect(try Self.create(client, [Self.creation(.all, .topic, "*")]) == [.clusterAuthorizationFailed])
        #expect(try client.call(ListGroupsRequest(), version: 4, as: ListGroupsResponse.self).groups.isEmpty)
        var configs = DescribeConfigsRequest()
        configs.resources = [.init(), .init()]
        configs.resources[0].resourceType = 2
        configs.resources[0].resourceName = "open-1"
        configs.resources[1].resourceType = 4
        configs.resources[1].resourceName = "1"
        let results = try client.call(configs, version: 4, as: DescribeConfigsResponse.self).results
        #expect(results.map(\.errorCode) == [.topicAuthorizationFailed, .clusterAuthorizationFailed])
    }

    @Test func `a producer that may write one topic gets its id`() throws {
        let broker = try Self.guarded([Self.creation(.write, .topic, "open-1")])
        let producer = try broker.client().call(InitProducerIdRequest(), version: 4, as: InitProducerIdResponse.self)
        #expect(producer.errorCode == .none && producer.producerID >= 0)
        #expect(try broker.client().produce("open-1", batch(["b"])).errorCode == .none)
    }

    @Test func `a rule that goes takes its right away, on connections that used it`() throws {
        let broker = try Self.guarded([
            Self.creation(.read, .topic, "open-1"), Self.creation(.alter, .cluster, ResourceType.clusterName),
        ])
        let client = try broker.client()
        #expect(try client.fetch(fetchRequest("open-1", offset: 0)).errorCode == .none)
        var request = DeleteAclsRequest()
        request.filters = [.init()]
        request.filters[0].resourceTypeFilter = ResourceType.topic.rawValue
        request.filters[0].patternTypeFilter = PatternType.any.rawValue
        request.filters[0].operation = AccessOperation.any.rawValue
        request.filters[0].permissionType = AccessPermission.any.rawValue
        let deleted = try client.call(request, version: 3, as: DeleteAclsResponse.self).filterResults
        #expect(deleted.first?.matchingAcls.map(\.resourceName) == ["open-1"])
        #expect(try client.fetch(fetchRequest("open-1", offset: 0)).errorCode == .topicAuthorizationFailed)
    }

    @Test func `rules that make no sense are refused one by one`() throws {
        let broker = try BrokerFixture(Self.own)
        var unknown = Self.creation(.read, .topic, "t")
        unknown.operation = 99
        let codes = try Self.create(
            broker.client(),
            [
                Self.creation(.read, .topic, "t"), Self.creation(.alter, .cluster, "other"),
                Self.creation(.read, .topic, "t", principal: "alice"), Self.creation(.read, .topic, "t", .match),
                unknown,
            ]
        )
        #expect(codes == [.none] + Array(repeating: .invalidRequest, count: 4))
        var all = DescribeAclsRequest()
        all.resourceTypeFilter = 1
        all.patternTypeFilter = 1
        all.operation = 1
        all.permissionType = 1
        let described = try broker.client().call(all, version: 3, as: DescribeAclsResponse.self)
        #expect(described.resources.count == 1 && described.resources.first?.acls.count == 1)
    }
}
