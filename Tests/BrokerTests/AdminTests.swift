import KafkaProtocol
import Testing

/// The APIs that tools ask about a cluster, of which there is one node here.
@Suite struct AdminTests {
    @Test func `log directories tell real sizes and the space of the volume`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t", partitions: 2)
        let client = try broker.client()
        let records = try batch(["one", "two"])
        _ = try client.produce("t", records)
        var request = DescribeLogDirsRequest()
        request.topics = nil
        let all = try client.call(request, version: 5, as: DescribeLogDirsResponse.self)
        let directory = try #require(all.results.first)
        #expect(directory.logDir.hasSuffix("/data") && directory.errorCode == .none)
        #expect(directory.totalBytes > 0 && directory.usableBytes > 0 && !directory.isCordoned)
        let topic = try #require(directory.topics.first { $0.name == "t" })
        #expect(topic.partitions.map(\.partitionSize) == [Int64(records.count), 0])
        request.topics = [.init(), .init()]
        request.topics?[0].topic = "t"
        request.topics?[0].partitions = [1, 9]
        request.topics?[1].topic = "missing"
        let some = try client.call(request, version: 2, as: DescribeLogDirsResponse.self)
        #expect(some.results.first?.topics.map(\.name) == ["t"])
        #expect(some.results.first?.topics.first?.partitions.map(\.partitionIndex) == [1])
    }

    @Test func `partitions are described page by page`() throws {
        let broker = try BrokerFixture()
        for (name, count) in [("b", 3), ("a", 2), ("c", 1)] {
            try broker.createTopic(name, partitions: Int32(count))
        }
        let client = try broker.client()
        var request = DescribeTopicPartitionsRequest()
        request.topics = ["c", "b", "a", "missing"].map { name in
            var topic = DescribeTopicPartitionsRequest.Topic()
            topic.name = name
            return topic
        }
        request.responsePartitionLimit = 2
        var seen: [String] = []
        for _ in 0..<10 {
            let page = try client.call(request, version: 0, as: DescribeTopicPartitionsResponse.self)
            #expect(page.topics.map(\.partitions.count).reduce(0, +) <= 2)
            for topic in page.topics {
                if topic.errorCode != .none { seen.append("\(topic.name ?? ""):\(topic.errorCode.rawValue)") }
                for partition in topic.partitions {
                    seen.append("\(topic.name ?? "")-\(partition.partitionIndex)")
                    #expect(partition.eligibleLeaderReplicas == [] && partition.lastKnownElr == [])
                }
            }
            guard let next = page.nextCursor else { break }
            request.cursor = .init()
            request.cursor?.topicName = next.topicName
            request.cursor?.partitionIndex = next.partitionIndex
        }
        #expect(seen == ["a-0", "a-1", "b-0", "b-1", "b-2", "c-0", "missing:3"])
    }

    @Test func `there is nothing to elect, to move or to upgrade`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        var elect = ElectLeadersRequest()
        elect.topicPartitions = [.init()]
        elect.topicPartitions?[0].topic = "t"
        elect.topicPartitions?[0].partitions = [0, 7]
        let elected = try client.call(elect, version: 2, as: ElectLeadersResponse.self)
        #expect(
            elected.replicaElectionResults.first?.partitionResult.map(\.errorCode)
                == [.electionNotNeeded, .unknownTopicOrPartition]
        )
        var move = AlterPartitionReassignmentsRequest()
        move.topics = [.init()]
        move.topics[0].name = "t"
        move.topics[0].partitions = ([[1], [2], [], nil] as [[Int32]?]).map { replicas in
            var partition = AlterPartitionReassignmentsRequest.Topic.Partition()
            partition.replicas = replicas
            return partition
        }
        let moved = try client.call(move, version: 1, as: AlterPartitionReassignmentsResponse.self)
        #expect(
            moved.responses.first?.partitions.map(\.errorCode)
                == [.none, .invalidReplicaAssignment, .invalidReplicaAssignment, .noReassignmentInProgress]
        )
        let list = try client.call(
            ListPartitionReassignmentsRequest(),
            version: 0,
            as: ListPartitionReassignmentsResponse.self
        )
        #expect(list.errorCode == .none && list.topics.isEmpty)
        var update = UpdateFeaturesRequest()
        update.featureUpdates = [.init()]
        update.featureUpdates[0].feature = "no.such.feature"
        update.featureUpdates[0].maxVersionLevel = 3
        let updated = try client.call(update, version: 1, as: UpdateFeaturesResponse.self)
        #expect(updated.results.map(\.errorCode) == [.invalidUpdateVersion])
        #expect(
            try client.call(update, version: 2, as: UpdateFeaturesResponse.self).errorCode == .invalidUpdateVersion
        )
    }

    @Test func `resources with configs are listed by type`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        var request = ListConfigResourcesRequest()
        let client = try broker.client()
        let all = try client.call(request, version: 1, as: ListConfigResourcesResponse.self).configResources
        #expect(all.contains { $0.resourceType == 2 && $0.resourceName == "t" })
        #expect(all.contains { $0.resourceType == 4 && $0.resourceName == "1" })
        request.resourceTypes = [4]
        #expect(
            try client.call(request, version: 1, as: ListConfigResourcesResponse.self).configResources.count == 1
        )
        request.resourceTypes = []
        #expect(try client.call(request, version: 0, as: ListConfigResourcesResponse.self).configResources.isEmpty)
    }
}
