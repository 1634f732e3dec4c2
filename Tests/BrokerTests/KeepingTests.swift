import Broker
import Clocks
import CommitLog
import Glibc
import KafkaProtocol
import TestSupport
import Testing

@Suite struct KeepingTests {
    @Test func `data whose catalogue is gone is left alone`() throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        _ = try fixture.client().produce("t", try batch(["a"]))
        fixture.stop()
        let data = fixture.directory.path + "/data"
        let catalogue = data + "/topics.catalogue"
        #expect(rename(catalogue, data + "/aside") == 0)
        #expect { try fixture.start() } throws: { "\($0)".contains("topics.catalogue is gone") }
        #expect(rename(data + "/aside", catalogue) == 0)
        try fixture.start()
        #expect(try fixture.client().fetch(fetchRequest("t", offset: 0)).highWatermark == 1)
    }

    @Test func `group records are read back as they were written`() throws {
        var member = GroupMember(
            id: "m",
            instanceID: "i",
            clientID: "c",
            clientHost: "/127.0.0.1",
            sessionTimeoutMilliseconds: 10_000,
            rebalanceTimeoutMilliseconds: 20_000,
            strategies: [.init(name: "range", metadata: [1, 2])]
        )
        member.assignment = [3]
        var state = GroupState(id: "g", now: 0)
        state.restore(
            generation: 7,
            protocolType: "consumer",
            protocolName: "range",
            leader: "m",
            members: [member],
            now: 0
        )
        let partition = TopicPartition(topic: "t", partition: 3)
        let offset = CommittedOffset(offset: 9, leaderEpoch: 0, metadata: "x", commitMilliseconds: 5)
        let records: [GroupRecord] = [
            .offset(group: "g", partition, offset), .offset(group: "g", partition, nil), .group("g", nil),
        ]
        for record in records { #expect(try read(record) == record) }
        guard case .group("g", let snapshot?) = try read(.group("g", GroupSnapshot(state, now: 11))) else {
            Issue.record("no group came back")
            return
        }
        #expect(snapshot.generation == 7 && snapshot.members.map(\.assignment) == [[3]])
        #expect(snapshot.members[0].instanceID == "i" && snapshot.stateMilliseconds == 11)
    }

    @Test func `an offset record has the bytes that Kafka writes`() {
        let record = GroupRecord.offset(
            group: "g",
            TopicPartition(topic: "t", partition: 1),
            CommittedOffset(offset: 2, leaderEpoch: 0, metadata: "", commitMilliseconds: 3)
        )
        #expect(record.key == [0, 1, 0, 1, 103, 0, 1, 116, 0, 0, 0, 1])
        #expect(
            record.value == [0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]
        )
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func `reading a damaged group record never traps`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let top: UInt8 = Bool.random(using: &random) ? 255 : 3
            let key = (0..<Int.random(in: 0...30, using: &random)).map { _ in UInt8.random(in: 0...top, using: &random)
            }
            let value = (0..<Int.random(in: 0...90, using: &random)).map { _ in
                UInt8.random(in: 0...top, using: &random)
            }
            key.withUnsafeBytes { key in value.withUnsafeBytes { value in _ = try? GroupRecord(key: key, value: value) }
            }
        }
    }

    @Test func `topics, ids and configs survive a restart; unknown configs are refused with the near name`() throws {
        let broker = try BrokerFixture(["num.partitions": "4"])
        try broker.createTopic("a", partitions: 3, configs: ["retention.ms": "1000", "segment.bytes": "1048576"])
        var request = MetadataRequest()
        var asked = MetadataRequest.Topic()
        asked.name = "auto"
        request.topics = [asked]
        let auto = try broker.client().call(request, version: 12, as: MetadataResponse.self).topics[0]
        #expect(auto.errorCode == .none && auto.partitions.count == 4 && auto.topicID != .zero)
        try broker.restart()
        let again = try broker.client().call(request, version: 12, as: MetadataResponse.self).topics[0]
        #expect(again.topicID == auto.topicID)
        var describe = DescribeConfigsRequest()
        var resource = DescribeConfigsRequest.Resource()
        resource.resourceType = 2
        resource.resourceName = "a"
        resource.configurationKeys = nil
        describe.resources = [resource]
        let configs = try broker.client().call(describe, version: 4, as: DescribeConfigsResponse.self).results[0]
            .configs
        #expect(configs.first { $0.name == "retention.ms" }?.value == "1000")
        #expect(configs.first { $0.name == "retention.ms" }?.configSource == 1)
        #expect(TopicConfigs.problem("retention.mss", "1")?.contains("did you mean retention.ms?") == true)
    }

    @Test func `unknown and wrong settings are told all at once`() {
        #expect {
            try BrokerSettings(
                dataDirectory: "/tmp",
                ["num.partition": "1", "log.flush": "never", "node.id": "x"]
            )
        } throws: { error in
            let text = "\(error)"
            return text.contains("did you mean num.partitions?") && text.contains("always, interval, os")
                && text.contains("'x' is not a whole number")
        }
    }

    @Test func `a second broker cannot have the directory`() throws {
        let broker = try BrokerFixture()
        let settings = try BrokerSettings(dataDirectory: broker.directory.path + "/data", listen: .init(port: 0))
        #expect(throws: LogError.self) { try Broker(settings: settings).start() }
        #expect(
            try broker.client().call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self).errorCode == .none
        )
    }
}

private func read(_ record: GroupRecord) throws -> GroupRecord? {
    try record.key.withUnsafeBytes { key in
        guard let value = record.value else { return try GroupRecord(key: key, value: nil) }
        return try value.withUnsafeBytes { try GroupRecord(key: key, value: $0) }
    }
}
