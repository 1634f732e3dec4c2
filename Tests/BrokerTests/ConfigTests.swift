import KafkaProtocol
import Testing

/// What changes while the broker runs, and that it takes effect.
@Suite struct ConfigTests {
    private typealias Change = IncrementalAlterConfigsRequest.Resource.Config

    private static let topic: Int8 = 2
    private static let broker: Int8 = 4
    private static let logger: Int8 = 8
    private static let group: Int8 = 32

    /// Operation 0 sets, 1 deletes, 2 appends, 3 subtracts.
    private static func alter(
        _ client: WireClient,
        _ type: Int8,
        _ name: String,
        _ changes: [(String, String?, Int8)],
        validateOnly: Bool = false
    ) throws -> ErrorCode {
        var request = IncrementalAlterConfigsRequest()
        request.validateOnly = validateOnly
        request.resources = [.init()]
        request.resources[0].resourceType = type
        request.resources[0].resourceName = name
        request.resources[0].configs = changes.map { key, value, operation in
            var change = Change()
            change.name = key
            change.value = value
            change.configOperation = operation
            return change
        }
        let response = try client.call(request, version: 1, as: IncrementalAlterConfigsResponse.self)
        return try #require(response.responses.first).errorCode
    }

    private static func describe(
        _ client: WireClient,
        _ type: Int8,
        _ name: String
    ) throws -> [String: DescribeConfigsResponse.Result.Config] {
        var request = DescribeConfigsRequest()
        request.includeSynonyms = true
        request.resources = [.init()]
        request.resources[0].resourceType = type
        request.resources[0].resourceName = name
        request.resources[0].configurationKeys = nil
        let result = try #require(
            try client.call(request, version: 4, as: DescribeConfigsResponse.self).results.first
        )
        return Dictionary(uniqueKeysWithValues: result.configs.map { ($0.name, $0) })
    }

    @Test func `a broker setting that changes holds for topics without their own, and after a restart`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("plain")
        try broker.createTopic("own", configs: ["max.message.bytes": "5000"])
        let large = try batch([String(repeating: "x", count: 600)])
        let client = try broker.client()
        #expect(try Self.alter(client, Self.broker, "", [("message.max.bytes", "500", 0)]) == .none)
        #expect(try client.produce("plain", large).errorCode == .messageTooLarge)
        #expect(try client.produce("own", large).errorCode == .none)
        let shown = try Self.describe(client, Self.topic, "plain")["max.message.bytes"]
        #expect(shown?.value == "500" && shown?.configSource == 3)
        #expect(shown?.synonyms.map(\.source) == [3, 5])

        // This broker's own value holds over the one of all brokers.
        #expect(try Self.alter(client, Self.broker, "1", [("message.max.bytes", "1000", 0)]) == .none)
        #expect(try client.produce("plain", large).errorCode == .none)
        #expect(try Self.describe(client, Self.broker, "")["message.max.bytes"]?.value == "500")
        try broker.restart()
        let again = try broker.client()
        let kept = try Self.describe(again, Self.broker, "1")["message.max.bytes"]
        #expect(kept?.value == "1000" && kept?.configSource == 2 && kept?.readOnly == false)
        #expect(try Self.alter(again, Self.broker, "1", [("message.max.bytes", nil, 1)]) == .none)
        #expect(try again.produce("plain", large).errorCode == .messageTooLarge)
    }

    @Test(arguments: [
        ("num.network.threads", "3", "1"), ("no.such", "1", "1"), ("message.max.bytes", "many", "1"),
        ("message.max.bytes", "1", "7"),
    ])
    func `what cannot change is refused`(key: String, value: String, name: String) throws {
        let broker = try BrokerFixture()
        #expect(try Self.alter(broker.client(), Self.broker, name, [(key, value, 0)]) == .invalidRequest)
    }

    @Test func `a resource changes as a whole or not at all, the others without it`() throws {
        let broker = try BrokerFixture()
        for name in ["a", "b"] { try broker.createTopic(name) }
        let client = try broker.client()
        var request = IncrementalAlterConfigsRequest()
        request.resources = ["a", "b"].map { name in
            var resource = IncrementalAlterConfigsRequest.Resource()
            resource.resourceType = Self.topic
            resource.resourceName = name
            resource.configs = [Change(), Change()]
            resource.configs[0].name = "retention.ms"
            resource.configs[0].value = "5000"
            resource.configs[1].name = name == "a" ? "segment.bytes" : "no.such"
            resource.configs[1].value = "4096"
            return resource
        }
        let response = try client.call(request, version: 1, as: IncrementalAlterConfigsResponse.self)
        #expect(response.responses.map(\.errorCode) == [.none, .invalidConfig])
        #expect(try Self.describe(client, Self.topic, "a")["retention.ms"]?.value == "5000")
        #expect(try Self.describe(client, Self.topic, "b")["retention.ms"]?.configSource == 5)
    }

    @Test func `lists grow and shrink from the value that holds`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        #expect(try Self.alter(client, Self.topic, "t", [("cleanup.policy", "compact", 2)]) == .none)
        #expect(try Self.describe(client, Self.topic, "t")["cleanup.policy"]?.value == "delete,compact")
        #expect(try Self.alter(client, Self.topic, "t", [("cleanup.policy", "delete", 3)]) == .none)
        #expect(try Self.describe(client, Self.topic, "t")["cleanup.policy"]?.value == "compact")
        #expect(try Self.alter(client, Self.topic, "t", [("retention.ms", "1", 2)]) == .invalidConfig)
        let twice = [("retention.ms", "1", 0), ("retention.ms", "2", 0)] as [(String, String?, Int8)]
        #expect(try Self.alter(client, Self.topic, "t", twice) == .invalidRequest)
        #expect(try Self.alter(client, Self.topic, "", [("retention.ms", "1", 0)]) == .invalidRequest)
    }

    @Test func `a dry run changes nothing`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        let cases: [(Int8, String, String)] = [
            (Self.topic, "t", "retention.ms"), (Self.broker, "1", "log.retention.ms"),
        ]
        for (type, name, key) in cases {
            #expect(try Self.alter(client, type, name, [(key, "7", 0)], validateOnly: true) == .none)
            #expect(try Self.describe(client, type, name)[key]?.configSource == 5)
        }
    }

    @Test func `groups and the logger have configs`() throws {
        let broker = try BrokerFixture()
        let client = try broker.client()
        let key = "consumer.session.timeout.ms"
        #expect(try Self.alter(client, Self.group, "g", [(key, "50000", 0)]) == .none)
        #expect(try Self.alter(client, Self.group, "g", [("no.such", "1", 0)]) == .invalidConfig)
        try broker.restart()
        let kept = try Self.describe(broker.client(), Self.group, "g")[key]
        #expect(kept?.value == "50000" && kept?.configSource == 8)
        var list = ListConfigResourcesRequest()
        list.resourceTypes = [Self.group]
        let groups = try broker.client().call(list, version: 1, as: ListConfigResourcesResponse.self)
        #expect(groups.configResources.map(\.resourceName) == ["g"])

        let again = try broker.client()
        #expect(try Self.alter(again, Self.logger, "1", [("root", "ERROR", 0)]) == .none)
        #expect(try Self.describe(again, Self.logger, "1")["root"]?.value == "ERROR")
        #expect(try Self.alter(again, Self.logger, "1", [("root", "LOUD", 0)]) == .invalidConfig)
        #expect(try Self.alter(again, Self.logger, "1", [("root", nil, 1)]) == .invalidRequest)
    }

    @Test func `what is set on a group holds for its members from the next heartbeat on`() throws {
        let broker = try BrokerFixture(["group.consumer.heartbeat.interval.ms": "6000"])
        try broker.createTopic("t")
        let client = try broker.client()
        var request = ConsumerGroupHeartbeatRequest()
        request.groupID = "g"
        request.memberID = "member-1"
        request.rebalanceTimeoutMilliseconds = 60_000
        request.subscribedTopicNames = ["t"]
        request.topicPartitions = []
        let key = "consumer.heartbeat.interval.ms"
        let first = try client.call(request, version: 1, as: ConsumerGroupHeartbeatResponse.self)
        #expect(first.errorCode == .none && first.heartbeatIntervalMilliseconds == 6000)
        #expect(try Self.describe(client, Self.group, "g")[key]?.value == "6000")
        #expect(try Self.alter(client, Self.group, "g", [(key, "7000", 0)]) == .none)
        request.memberEpoch = first.memberEpoch
        let second = try client.call(request, version: 1, as: ConsumerGroupHeartbeatResponse.self)
        #expect(second.errorCode == .none && second.heartbeatIntervalMilliseconds == 7000)
    }

    @Test func `names that differ in dots and underscores only collide`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("a.b")
        #expect(throws: WireClient.Failure.self) { try broker.createTopic("a_b") }
        try broker.createTopic("ab")
    }
}
