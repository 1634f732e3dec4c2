import Broker
import Clocks
import CommitLog
import KafkaProtocol
import Testing

@Suite struct OffsetExpiryTests {
    private func offsets(_ commits: [String: Int64]) -> [TopicPartition: CommittedOffset] {
        var offsets: [TopicPartition: CommittedOffset] = [:]
        for (topic, time) in commits {
            offsets[TopicPartition(topic: topic, partition: 0)] = CommittedOffset(
                offset: 1,
                leaderEpoch: 0,
                metadata: "",
                commitMilliseconds: time
            )
        }
        return offsets
    }

    private func lapsed(_ commits: [String: Int64], _ holder: OffsetExpiry.Holder, now: Int64) -> [String] {
        OffsetExpiry.lapsed(offsets(commits), holder, retentionMilliseconds: 100, now: now).map(\.topic).sorted()
    }

    @Test func `the time runs from the end of the group or from a later commit`() {
        #expect(lapsed(["a": 10, "b": 60], .nobody(since: 50), now: 149).isEmpty)
        #expect(lapsed(["a": 10, "b": 60], .nobody(since: 50), now: 150) == ["a"])
        #expect(lapsed(["a": 10, "b": 60], .nobody(since: 50), now: 160) == ["a", "b"])
        #expect(lapsed(["a": 10, "b": 60], .standalone, now: 110) == ["a"])
    }

    @Test func `members keep what they read, and everything while nobody knows what that is`() {
        #expect(lapsed(["a": 10, "b": 60], .readers(of: ["a"]), now: 1_000) == ["b"])
        #expect(lapsed(["a": 10, "b": 60], .readers(of: ["a"]), now: 159).isEmpty)
        #expect(lapsed(["a": 10], .members, now: 1_000).isEmpty)
    }

    @Test func `a broker forgets offsets and groups as its clock is turned, and they stay forgotten`() throws {
        let clock = ManualClock()
        let settings = ["offsets.retention.check.interval.ms": "20", "offsets.retention.minutes": "60"]
        let broker = try BrokerFixture(settings, clock: .manual(clock))
        try broker.createTopic("t")
        try broker.createTopic("u")
        let client = try broker.client()
        try commit("t", client)
        clock.advance(milliseconds: 30 * 60_000)
        try commit("u", client)
        clock.advance(milliseconds: 30 * 60_000 - 1)
        #expect(try committed(client) == ["t", "u"])
        clock.advance(milliseconds: 1)
        while try committed(client) != ["u"] {}
        clock.advance(milliseconds: 30 * 60_000)
        while try !committed(client).isEmpty {}
        #expect(try client.call(ListGroupsRequest(), version: 0, as: ListGroupsResponse.self).groups.isEmpty)
        try broker.restart()
        #expect(try committed(broker.client()).isEmpty)
    }

    private func commit(_ topic: String, _ client: WireClient) throws {
        var request = OffsetCommitRequest()
        request.groupID = "g"
        var asked = OffsetCommitRequest.Topic()
        asked.name = topic
        asked.partitions = [OffsetCommitRequest.Topic.Partition()]
        request.topics = [asked]
        let response = try client.call(request, version: 8, as: OffsetCommitResponse.self)
        #expect(response.topics[0].partitions[0].errorCode == .none)
    }

    private func committed(_ client: WireClient) throws -> [String] {
        var request = OffsetFetchRequest()
        var group = OffsetFetchRequest.Group()
        group.groupID = "g"
        group.topics = nil
        request.groups = [group]
        let response = try client.call(request, version: 8, as: OffsetFetchResponse.self)
        return response.groups[0].topics.map(\.name).sorted()
    }
}
