import KafkaProtocol
import Testing

@Suite struct GroupSurvivalTests {
    private func join(_ memberID: String) -> JoinGroupRequest {
        var request = JoinGroupRequest()
        request.groupID = "g"
        request.memberID = memberID
        request.sessionTimeoutMilliseconds = 10_000
        request.rebalanceTimeoutMilliseconds = 10_000
        request.protocolType = "consumer"
        var strategy = JoinGroupRequest.GroupProtocol()
        strategy.name = "range"
        strategy.metadata = [0, 1, 2]
        request.protocols = [strategy]
        return request
    }

    /// Joins as the only member and assigns itself.
    private func becomeMember(_ client: WireClient) throws -> JoinGroupResponse {
        let first = try client.call(join(""), version: 9, as: JoinGroupResponse.self)
        #expect(first.errorCode == .memberIDRequired)
        let joined = try client.call(join(first.memberID), version: 9, as: JoinGroupResponse.self)
        #expect(joined.errorCode == .none && joined.leader == joined.memberID && joined.members.count == 1)
        var sync = SyncGroupRequest()
        sync.groupID = "g"
        sync.memberID = joined.memberID
        sync.generationID = joined.generationID
        sync.protocolType = "consumer"
        sync.protocolName = "range"
        var assignment = SyncGroupRequest.Assignment()
        assignment.memberID = joined.memberID
        assignment.assignment = [9, 9]
        sync.assignments = [assignment]
        #expect(try client.call(sync, version: 5, as: SyncGroupResponse.self).assignment == [9, 9])
        return joined
    }

    private func commit(_ offset: Int64, _ member: JoinGroupResponse, _ client: WireClient) throws -> ErrorCode {
        var request = OffsetCommitRequest()
        request.groupID = "g"
        request.memberID = member.memberID
        request.generationIDOrMemberEpoch = member.generationID
        var topic = OffsetCommitRequest.Topic()
        topic.name = "t"
        var partition = OffsetCommitRequest.Topic.Partition()
        partition.committedOffset = offset
        partition.committedMetadata = "meta é"
        topic.partitions = [partition]
        request.topics = [topic]
        return try client.call(request, version: 8, as: OffsetCommitResponse.self).topics[0].partitions[0].errorCode
    }

    private func committed(_ client: WireClient) throws -> OffsetFetchResponse.Group.Topics.Partitions? {
        var request = OffsetFetchRequest()
        var group = OffsetFetchRequest.Group()
        group.groupID = "g"
        group.topics = nil
        request.groups = [group]
        return try client.call(request, version: 8, as: OffsetFetchResponse.self).groups[0].topics.first?.partitions
            .first
    }

    @Test func `members, generation, assignment and offsets survive a restart`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        var client = try broker.client()
        let member = try becomeMember(client)
        #expect(try commit(42, member, client) == .none)
        try broker.restart()
        client = try broker.client()
        #expect(try committed(client)?.committedOffset == 42)
        #expect(try committed(client)?.metadata == "meta é")
        var heartbeat = HeartbeatRequest()
        heartbeat.groupID = "g"
        heartbeat.memberID = member.memberID
        heartbeat.generationID = member.generationID
        #expect(try client.call(heartbeat, version: 4, as: HeartbeatResponse.self).errorCode == .none)
        #expect(try commit(43, member, client) == .none)
        var describe = DescribeGroupsRequest()
        describe.groups = ["g"]
        let group = try client.call(describe, version: 5, as: DescribeGroupsResponse.self).groups[0]
        #expect(group.groupState == "Stable" && group.members.map(\.memberAssignment) == [[9, 9]])
    }

    @Test func `a group that never was has offset -1 and no error, and is Dead`() throws {
        let broker = try BrokerFixture()
        let client = try broker.client()
        var request = OffsetFetchRequest()
        request.groupID = "nobody"
        var topic = OffsetFetchRequest.Topic()
        topic.name = "t"
        topic.partitionIndexes = [0]
        request.topics = [topic]
        let response = try client.call(request, version: 5, as: OffsetFetchResponse.self)
        #expect(response.errorCode == .none && response.topics[0].partitions[0].committedOffset == -1)
        var describe = DescribeGroupsRequest()
        describe.groups = ["nobody"]
        #expect(try client.call(describe, version: 5, as: DescribeGroupsResponse.self).groups[0].groupState == "Dead")
    }

    @Test func `a deleted topic takes its offsets with it`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        let member = try becomeMember(client)
        #expect(try commit(42, member, client) == .none)
        var delete = DeleteTopicsRequest()
        delete.topicNames = ["t"]
        #expect(try client.call(delete, version: 5, as: DeleteTopicsResponse.self).responses[0].errorCode == .none)
        #expect(try committed(client) == nil)
        try broker.restart()
        #expect(try committed(broker.client()) == nil)
    }

    @Test func `many commits keep the offsets topic small`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        let member = try becomeMember(client)
        for offset: Int64 in 0..<200 { #expect(try commit(offset, member, client) == .none) }
        try broker.restart()
        #expect(try committed(broker.client())?.committedOffset == 199)
    }
}
