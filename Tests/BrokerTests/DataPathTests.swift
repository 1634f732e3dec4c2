import KafkaProtocol
import Testing

@Suite struct DataPathTests {
    @Test func `what is produced is fetched, whole batches from the one that holds the offset`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        #expect(try client.produce("t", batch(["a", "b", "c"])).baseOffset == 0)
        #expect(try client.produce("t", batch(["d"])).baseOffset == 3)
        let size = try batch(["a", "b", "c"]).count + batch(["d"]).count
        for offset: Int64 in 0...2 {
            #expect(try client.fetch(fetchRequest("t", offset: offset)).records.byteCount == size)
        }
        #expect(try client.fetch(fetchRequest("t", offset: 3)).records.byteCount == batch(["d"]).count)
    }

    @Test(arguments: [4, 7, 11, 12] as [Int16])
    func `fetch answers every version`(version: Int16) throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        _ = try client.produce("t", batch(["a"]))
        let partition = try client.fetch(fetchRequest("t", offset: 0), version: version)
        #expect(partition.highWatermark == 1 && partition.records.byteCount > 0)
    }

    @Test func `the first batch comes even when it is larger than the limit`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        _ = try client.produce("t", batch([String(repeating: "x", count: 5000)]))
        #expect(try client.fetch(fetchRequest("t", offset: 0, maxBytes: 10)).records.byteCount > 5000)
    }

    @Test func `a fetch at the end waits and is woken by an append`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let (reader, writer) = (try broker.client(), try broker.client())
        let id = reader.send(fetchRequest("t", offset: 0, maxWait: 60_000), version: 11)
        _ = try writer.produce("t", batch(["a"]))
        let response = try reader.receive(
            FetchRequest.layout,
            version: 11,
            correlationID: id,
            as: FetchResponse.self
        )
        #expect(response.responses[0].partitions[0].records.byteCount > 0)
    }

    @Test func `a fetch at the end of an empty topic answers when its time is over`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let partition = try broker.client().fetch(fetchRequest("t", offset: 0, maxWait: 20))
        #expect(partition.errorCode == .none && partition.records == .none && partition.highWatermark == 0)
    }

    @Test func `an offset that is not there is out of range`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        #expect(try broker.client().fetch(fetchRequest("t", offset: 5, maxWait: 1000)).errorCode == .offsetOutOfRange)
        #expect(
            try broker.client().fetch(fetchRequest("nope", offset: 0)).errorCode == .unknownTopicOrPartition
        )
    }

    @Test func `requests sent ahead are answered in order, a waiting fetch first`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        let fetch = client.send(fetchRequest("t", offset: 0, maxWait: 50), version: 11)
        let records = try batch(["a"])
        let ids = (0..<50).map { _ in client.send(produceRequest("t", records), version: 9, records: records) }
        _ = try client.receive(FetchRequest.layout, version: 11, correlationID: fetch, as: FetchResponse.self)
        for (index, id) in ids.enumerated() {
            let response = try client.receive(
                ProduceRequest.layout,
                version: 9,
                correlationID: id,
                as: ProduceResponse.self
            )
            #expect(response.responses[0].partitionResponses[0].baseOffset == Int64(index))
        }
    }

    @Test func `acks=0 has no answer and the next request has its own`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        let records = try batch(["a"])
        client.send(produceRequest("t", records, acks: 0), version: 7, records: records)
        #expect(try client.produce("t", records).baseOffset == 1)
    }

    @Test func `a batch sent twice by an idempotent producer is stored once`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        let client = try broker.client()
        let records = try batch(["a", "b"], producerID: 5, epoch: 0, sequence: 0)
        #expect(try client.produce("t", records).baseOffset == 0)
        let again = try client.produce("t", records)
        #expect(again.errorCode == .none && again.baseOffset == 0)
        let gap = try client.produce("t", batch(["c"], producerID: 5, epoch: 0, sequence: 7))
        #expect(gap.errorCode == .outOfOrderSequenceNumber)
    }

    @Test func `a flipped bit, wrong acks and a missing key are refused with their codes`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t")
        try broker.createTopic("c", configs: ["cleanup.policy": "compact"])
        let client = try broker.client()
        var damaged = try batch(["a"])
        damaged[damaged.count - 1] ^= 1
        #expect(try client.produce("t", damaged).errorCode == .corruptMessage)
        let records = try batch(["a"])
        let wrong = try client.call(
            produceRequest("t", records, acks: 3),
            version: 9,
            as: ProduceResponse.self,
            records: records
        )
        #expect(wrong.responses[0].partitionResponses[0].errorCode == .invalidRequiredAcks)
        let keyless = try client.produce("c", batch(["a", "b"], keys: false))
        #expect(keyless.errorCode == .invalidRecord && keyless.recordErrors.map(\.batchIndex) == [0, 1])
    }

    @Test func `records survive a restart`() throws {
        let broker = try BrokerFixture()
        try broker.createTopic("t", partitions: 3)
        _ = try broker.client().produce("t", batch(["a", "b"]))
        try broker.restart()
        let client = try broker.client()
        #expect(try client.fetch(fetchRequest("t", offset: 0)).highWatermark == 2)
        #expect(try client.produce("t", batch(["c"])).baseOffset == 2)
    }
}
