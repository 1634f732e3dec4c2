import KafkaProtocol
import Testing

@Suite struct FetchSessionTests {
    /// A consumer's side of a session: the id and the epoch of its next request.
    private struct Conversation {
        let client: WireClient
        let version: Int16
        var id: Int32 = 0
        var epoch: Int32 = 0

        mutating func fetch(
            _ offsets: [Int32: Int64],
            forget: [Int32] = [],
            topic: String = "t",
            topicID: KafkaUUID = .zero,
            maxWait: Int32 = 0,
            partitionMaxBytes: Int32 = 1 << 20,
            maxBytes: Int32 = 1 << 24
        ) throws -> FetchResponse {
            let sent = send(
                offsets,
                forget: forget,
                topic: topic,
                topicID: topicID,
                maxWait: maxWait,
                partitionMaxBytes: partitionMaxBytes,
                maxBytes: maxBytes
            )
            return try receive(sent)
        }

        func send(
            _ offsets: [Int32: Int64],
            forget: [Int32] = [],
            topic: String = "t",
            topicID: KafkaUUID = .zero,
            maxWait: Int32 = 0,
            partitionMaxBytes: Int32 = 1 << 20,
            maxBytes: Int32 = 1 << 24
        ) -> Int32 {
            var request = FetchRequest()
            request.maxWaitMilliseconds = maxWait
            request.minBytes = 1
            request.maxBytes = maxBytes
            request.sessionID = id
            request.sessionEpoch = epoch
            var asked = FetchRequest.Topic()
            asked.topic = topic
            asked.topicID = topicID
            asked.partitions = offsets.sorted { $0.key < $1.key }.map { index, offset in
                var partition = FetchRequest.Topic.Partition()
                partition.partition = index
                partition.fetchOffset = offset
                partition.partitionMaxBytes = partitionMaxBytes
                return partition
            }
            if !offsets.isEmpty { request.topics = [asked] }
            if !forget.isEmpty {
                var gone = FetchRequest.ForgottenTopic()
                gone.topic = topic
                gone.topicID = topicID
                gone.partitions = forget
                request.forgottenTopicsData = [gone]
            }
            return client.send(request, version: version)
        }

        mutating func receive(_ sent: Int32) throws -> FetchResponse {
            let response = try client.receive(
                FetchRequest.layout,
                version: version,
                correlationID: sent,
                as: FetchResponse.self
            )
            if response.errorCode == .none {
                id = response.sessionID
                epoch += 1
            }
            return response
        }
    }

    private func partitions(_ response: FetchResponse) -> [Int32] {
        response.responses.flatMap { $0.partitions.map(\.partitionIndex) }.sorted()
    }

    @Test(arguments: [7, 12] as [Int16])
    func `a session tells only what has changed`(version: Int16) throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t", partitions: 3)
        let writer = try broker.client()
        var reader = Conversation(client: try broker.client(), version: version)
        #expect(partitions(try reader.fetch([0: 0, 1: 0, 2: 0])) == [0, 1, 2])
        #expect(reader.id > 0)
        #expect(partitions(try reader.fetch([:])) == [])
        _ = try writer.produce("t", batch(["a"]), partition: 1)
        let changed = try reader.fetch([:], maxWait: 10_000)
        #expect(partitions(changed) == [1] && changed.responses[0].partitions[0].records.byteCount > 0)
        // What was not taken note of comes again.
        #expect(partitions(try reader.fetch([:])) == [1])
        #expect(partitions(try reader.fetch([1: 1])) == [])
        let waiting = reader.send([:], maxWait: 10_000)
        _ = try writer.produce("t", batch(["b"]), partition: 2)
        #expect(partitions(try reader.receive(waiting)) == [2])
        #expect(partitions(try reader.fetch([2: 1], forget: [0])) == [])
        _ = try writer.produce("t", batch(["c"]), partition: 0)
        #expect(partitions(try reader.fetch([:])) == [])
        #expect(partitions(try reader.fetch([0: 0])) == [0])
    }

    @Test func `a wrong epoch, an unknown session and a closed one are refused`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t", partitions: 2)
        var reader = Conversation(client: try broker.client(), version: 12)
        _ = try reader.fetch([0: 0, 1: 0])
        let good = reader
        reader.epoch = 5
        #expect(try reader.fetch([:]).errorCode == .invalidFetchSessionEpoch)
        reader = good
        reader.id = good.id == 1 ? 2 : good.id - 1
        #expect(try reader.fetch([:]).errorCode == .fetchSessionIDNotFound)
        reader = good
        reader.epoch = -1
        #expect(try reader.fetch([0: 0]).sessionID == 0)
        reader = good
        #expect(try reader.fetch([:]).errorCode == .fetchSessionIDNotFound)
    }

    @Test func `a session outlives its connection, and a full fetch replaces it`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        var first = Conversation(client: try broker.client(), version: 12)
        _ = try first.fetch([0: 0])
        var second = Conversation(client: try broker.client(), version: 12, id: first.id, epoch: first.epoch)
        #expect(try second.fetch([:]).errorCode == .none)
        var third = Conversation(client: try broker.client(), version: 12, id: first.id, epoch: 0)
        #expect(try third.fetch([0: 0]).sessionID != first.id)
        #expect(try second.fetch([:]).errorCode == .fetchSessionIDNotFound)
    }

    @Test func `without places for sessions every answer is full`() throws {
        let broker = try BrokerFixture(["max.incremental.fetch.session.cache.slots": "0"])
        try broker.createTopic("t", partitions: 2)
        var reader = Conversation(client: try broker.client(), version: 12)
        #expect(try reader.fetch([0: 0, 1: 0]).sessionID == 0)
    }

    @Test func `bounded answers give every partition its turn`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t", partitions: 4)
        let writer = try broker.client()
        let value = String(repeating: "x", count: 900)
        for partition: Int32 in 0..<4 {
            for _ in 0..<8 { _ = try writer.produce("t", batch([value]), partition: partition) }
        }
        var reader = Conversation(client: try broker.client(), version: 12)
        var offsets: [Int32: Int64] = [0: 0, 1: 0, 2: 0, 3: 0]
        var order: [Int32] = []
        var changed = offsets
        for _ in 0..<32 {
            let response = try reader.fetch(changed, partitionMaxBytes: 1000, maxBytes: 1000)
            let served = response.responses.flatMap(\.partitions).filter { $0.records.byteCount > 0 }
            #expect(served.count == 1)
            guard let index = served.first?.partitionIndex else { return }
            order.append(index)
            offsets[index, default: 0] += 1
            changed = [index: offsets[index] ?? 0]
        }
        #expect(offsets.values.allSatisfy { $0 == 8 })
        #expect(Set(order.prefix(4)).count == 4)
    }

    @Test func `topics by id: known, unknown, deleted under a session`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        var metadata = MetadataRequest()
        var asked = MetadataRequest.Topic()
        asked.name = "t"
        metadata.topics = [asked]
        let id = try client.call(metadata, version: 12, as: MetadataResponse.self).topics[0].topicID
        let records = try batch(["a"])
        var produce = produceRequest("", records)
        produce.topicData[0].topicID = id
        let produced = try client.call(produce, version: 13, as: ProduceResponse.self, records: records)
        #expect(produced.responses[0].topicID == id && produced.responses[0].partitionResponses[0].errorCode == .none)
        produce.topicData[0].topicID = .random()
        let refused = try client.call(produce, version: 13, as: ProduceResponse.self, records: records)
        #expect(refused.responses[0].partitionResponses[0].errorCode == .unknownTopicID)

        var reader = Conversation(client: client, version: 17)
        let full = try reader.fetch([0: 0], topic: "", topicID: id)
        #expect(full.responses[0].topicID == id && full.responses[0].partitions[0].records.byteCount > 0)
        #expect(try reader.fetch([0: 1], topic: "", topicID: id).responses.isEmpty)
        var other = Conversation(client: client, version: 12, id: reader.id, epoch: reader.epoch)
        #expect(try other.fetch([:]).errorCode == .fetchSessionTopicIDError)
        let waiting = reader.send([:], topic: "", topicID: id, maxWait: 10_000)
        var delete = DeleteTopicsRequest()
        delete.topicNames = ["t"]
        _ = try broker.client().call(delete, version: 5, as: DeleteTopicsResponse.self)
        #expect(try reader.receive(waiting).responses[0].partitions[0].errorCode == .unknownTopicID)
        var stranger = Conversation(client: client, version: 13)
        let unknown = try stranger.fetch([0: 0], topic: "", topicID: .random())
        #expect(unknown.responses[0].partitions[0].errorCode == .unknownTopicID)
    }
}
