import Bytes
import Compression
import KafkaProtocol
import Testing

@testable import Broker

/// Transactions as clients see them, over the wire.
@Suite struct TransactionTests {
    @Test func `committed transactions are seen, aborted ones never, open ones not yet`() throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        try fixture.createTopic("u")
        var one = try TransactionalProducer(fixture)
        #expect(try one.produce("early") == .invalidTransactionState)
        #expect(try one.add() == .none)
        #expect(try one.add("u") == .none)
        #expect(try one.produce("a") == .none)
        #expect(try one.produce("b", to: "u") == .none)
        one.sequence = 1
        #expect(try committed(fixture) == ([], 0))
        #expect(try one.end(commit: true) == .none)
        #expect(try committed(fixture) == (["a"], 2))
        #expect(try committed(fixture, "u").values == ["b"])
        #expect(try one.end(commit: true) == .none)
        #expect(try one.produce("late") == .invalidTransactionState)
        #expect(try one.add() == .none)
        #expect(try one.produce("lost") == .none)
        #expect(try one.end(commit: false) == .none)
        #expect(try one.add() == .none)
        #expect(try one.produce("c") == .none)
        #expect(try one.end(commit: true) == .none)
        #expect(try committed(fixture) == (["a", "c"], 6))
    }

    @Test func `offsets of a transaction count when it commits, and readers that want certainty wait`() throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        let one = try TransactionalProducer(fixture)
        #expect(try one.commitOffset(5, group: "g") == .invalidTransactionState)
        #expect(try one.addOffsets(group: "g") == .none)
        #expect(try one.commitOffset(5, group: "g") == .none)
        #expect(try committedOffset(fixture, group: "g", stable: false) == (-1, .none))
        #expect(try committedOffset(fixture, group: "g", stable: true) == (-1, .unstableOffsetCommit))
        #expect(try one.end(commit: true) == .none)
        #expect(try committedOffset(fixture, group: "g", stable: true) == (5, .none))
        #expect(try one.addOffsets(group: "g") == .none)
        #expect(try one.commitOffset(9, group: "g") == .none)
        #expect(try one.end(commit: false) == .none)
        #expect(try committedOffset(fixture, group: "g", stable: true) == (5, .none))
        try fixture.restart()
        #expect(try committedOffset(fixture, group: "g", stable: true) == (5, .none))
    }

    @Test func `the older of two producers of one id is always shut out`() throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        var expected: [String] = []
        for round in 0..<50 {
            var old = try TransactionalProducer(fixture)
            #expect(try old.add() == .none)
            #expect(try old.produce("zombie \(round)") == .none)
            var new = try TransactionalProducer(fixture)
            #expect(new.producerID == old.producerID && new.epoch > old.epoch)
            #expect(try old.produce("late \(round)") == .invalidProducerEpoch)
            #expect(try old.add() == .producerFenced)
            #expect(try old.end(commit: true) == .producerFenced)
            #expect(try new.add() == .none)
            #expect(try new.produce("new \(round)") == .none)
            #expect(try old.end(commit: false) == .producerFenced)
            #expect(try new.end(commit: true) == .none)
            expected.append("new \(round)")
        }
        #expect(try committed(fixture).values == expected)
    }

    @Test(arguments: 0..<5)
    func `a transaction goes on after a restart at any of its steps`(step: Int) throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        var one = try TransactionalProducer(fixture)
        func restart(at place: Int) throws {
            guard place == step else { return }
            try fixture.restart()
            one = try TransactionalProducer(one, fixture)
        }
        try restart(at: 0)
        #expect(try one.add() == .none)
        try restart(at: 1)
        #expect(try one.produce("a") == .none)
        try restart(at: 2)
        #expect(try committed(fixture) == ([], 0))
        #expect(try one.addOffsets(group: "g") == .none)
        #expect(try one.commitOffset(1, group: "g") == .none)
        try restart(at: 3)
        #expect(try committedOffset(fixture, group: "g", stable: true) == (-1, .unstableOffsetCommit))
        #expect(try one.end(commit: true) == .none)
        try restart(at: 4)
        #expect(try one.end(commit: true) == .none)
        #expect(try committed(fixture) == (["a"], 2))
        #expect(try committedOffset(fixture, group: "g", stable: true) == (1, .none))
        #expect(try one.add() == .none)
        #expect(try one.produce("b") == .none)
        #expect(try one.end(commit: true) == .none)
        #expect(try committed(fixture) == (["a", "b"], 4))
    }

    @Test func `an abandoned transaction is aborted when its time is over`() throws {
        let fixture = try BrokerFixture([
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "20"
        ])
        try fixture.createTopic("t")
        var one = try TransactionalProducer(fixture, timeout: 100)
        #expect(try one.add() == .none)
        #expect(try one.produce("lost") == .none)
        // A reader of committed records is woken by the marker.
        var request = fetchRequest("t", offset: 0, maxWait: 10_000)
        request.isolationLevel = 1
        let woken = try fixture.client(waitSeconds: 20).fetch(request, version: 11)
        #expect(woken.lastStableOffset == 2)
        #expect(try committed(fixture).values.isEmpty)
        #expect(try one.end(commit: true) == .producerFenced)
        #expect(try one.produce("later") == .invalidProducerEpoch)
    }

    @Test func `times that are too long and ids that are empty are refused`() throws {
        let fixture = try BrokerFixture()
        #expect(throws: ErrorCode.invalidTransactionTimeout) { try TransactionalProducer(fixture, timeout: 900_001) }
        #expect(throws: ErrorCode.invalidTransactionTimeout) { try TransactionalProducer(fixture, timeout: 0) }
        #expect(throws: ErrorCode.invalidRequest) { try TransactionalProducer(fixture, "") }
    }

    @Test func `transactions and producers can be listed, described and ended by hand`() throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        let client = try fixture.client()
        var one = try TransactionalProducer(fixture)
        _ = try TransactionalProducer(fixture, "other")
        #expect(try one.add() == .none)
        #expect(try one.produce("a") == .none)
        var list = ListTransactionsRequest()
        list.stateFilters = ["Ongoing", "Nonsense"]
        let listed = try client.call(list, version: 1, as: ListTransactionsResponse.self)
        #expect(listed.transactionStates.map(\.transactionalID) == ["tx"])
        #expect(listed.unknownStateFilters == ["Nonsense"])
        list.stateFilters = []
        list.transactionalIDPattern = "o.*"
        let matching = try client.call(list, version: 2, as: ListTransactionsResponse.self)
        #expect(matching.transactionStates.map(\.transactionalID) == ["other"])
        var describe = DescribeTransactionsRequest()
        describe.transactionalIDs = ["tx", "none"]
        let described = try client.call(describe, version: 0, as: DescribeTransactionsResponse.self)
        #expect(described.transactionStates.map(\.errorCode) == [.none, .transactionalIDNotFound])
        #expect(described.transactionStates[0].topics.map(\.name) == ["t"])
        var producers = DescribeProducersRequest()
        var topic = DescribeProducersRequest.Topic()
        topic.name = "t"
        topic.partitionIndexes = [0]
        producers.topics = [topic]
        func active() throws -> [DescribeProducersResponse.Topic.Partition.Producer] {
            try client.call(producers, version: 0, as: DescribeProducersResponse.self).topics[0].partitions[0]
                .activeProducers
        }
        #expect(try active().map(\.currentTransactionStartOffset) == [0])
        var markers = WriteTxnMarkersRequest()
        var marker = WriteTxnMarkersRequest.Marker()
        marker.producerID = one.producerID
        marker.producerEpoch = one.epoch
        var place = WriteTxnMarkersRequest.Marker.Topic()
        place.name = "t"
        place.partitionIndexes = [0, 7]
        marker.topics = [place]
        markers.markers = [marker]
        let marked = try client.call(markers, version: 1, as: WriteTxnMarkersResponse.self)
        let errors: [ErrorCode] = marked.markers[0].topics[0].partitions.map(\.errorCode)
        #expect(errors == [.none, .unknownTopicOrPartition])
        #expect(try active().map(\.currentTransactionStartOffset) == [-1])
        #expect(try committed(fixture) == ([], 2))
    }
}
