import Bytes
import CommitLog
import Glibc
import KafkaProtocol
import TestSupport
import Testing

@testable import Broker

/// What a broker finds that died between two steps of a decision: the states are put on the disk as it would leave them.
@Suite struct TransactionRecoveryTests {
    private static let partitions = [
        TopicPartition(topic: "t", partition: 0), TopicPartition(topic: "t", partition: 1),
        TopicPartition(topic: TopicName.consumerOffsets, partition: 0),
    ]

    /// Opens the stopped broker's log and leaves it with a decision and some of its markers.
    private func decide(_ fixture: BrokerFixture, isCommit: Bool, markers: Int, isComplete: Bool) throws {
        let directory = try LogDirectory(path: fixture.directory.path + "/data")
        defer { directory.close() }
        let states = try directory.open(topic: TopicName.transactionState, partition: 0)
        var last: TransactionState?
        let read = try states.read(from: 0, maxBytes: 1 << 20)
        var bytes = ByteWriter()
        read.copy(into: &bytes)
        var rest = bytes.bytes
        while let header = try? RecordBatchHeader(rest), header.totalByteCount <= rest.count {
            try RecordBatch.forEachRecord(in: rest, header: header) { record in
                last = (try? TransactionRecord(key: record.key, value: record.value))??.state ?? last
                return true
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[header.totalByteCount...])
        }
        let open = try #require(last)
        #expect(open.phase == .ongoing && open.partitions == Set(Self.partitions))
        guard case .write(let decided) = open.end(isCommit: isCommit, by: open.producer, now: 5) else {
            Issue.record("no decision")
            return
        }
        try append(TransactionRecord(decided), to: states)
        for partition in Self.partitions.prefix(markers) {
            let log = try directory.open(topic: partition.topic, partition: partition.partition)
            _ = try log.appendMarker(
                producerID: decided.marking.id,
                producerEpoch: decided.marking.epoch,
                isCommit: isCommit,
                coordinatorEpoch: 0
            )
        }
        if isComplete { try append(TransactionRecord(decided.completed(now: 6)), to: states) }
    }

    private func append(_ record: TransactionRecord, to log: PartitionLog) throws {
        var builder = RecordBatchBuilder(baseTimestamp: 1)
        builder.add(key: record.key, value: record.value, timestamp: 1)
        var writer = ByteWriter()
        try builder.encode(into: &writer)
        _ = try log.append(writer.bytes, origin: .broker)
    }

    @Test(arguments: [true, false], 0..<5)
    func `a start finishes what was decided, from any step on`(isCommit: Bool, step: Int) throws {
        let fixture = try BrokerFixture([
            "offsets.topic.num.partitions": "1", "transaction.state.log.num.partitions": "1",
        ])
        try fixture.createTopic("t", partitions: 2)
        var one = try TransactionalProducer(fixture)
        #expect(try one.add(partitions: [0, 1]) == .none)
        #expect(try one.produce("a", partition: 0) == .none)
        one.sequence = 0
        #expect(try one.produce("b", partition: 1) == .none)
        #expect(try one.addOffsets(group: "g") == .none)
        #expect(try one.commitOffset(7, group: "g") == .none)
        fixture.stop()
        try decide(fixture, isCommit: isCommit, markers: min(step, 3), isComplete: step == 4)
        try fixture.start()

        one = try TransactionalProducer(one, fixture)
        // Served only when it is finished; until then the producer is told to come back.
        var answer = ErrorCode.concurrentTransactions
        for _ in 0..<1_000 where answer == .concurrentTransactions { answer = try one.end(commit: isCommit) }
        #expect(answer == .none)
        #expect(try one.end(commit: !isCommit) == .invalidTransactionState)
        #expect(try committed(fixture, partition: 0).values == (isCommit ? ["a"] : []))
        #expect(try committed(fixture, partition: 1).values == (isCommit ? ["b"] : []))
        #expect(try committedOffset(fixture, group: "g", stable: true) == (isCommit ? 7 : -1, .none))
        // And once more: nothing of it was left half done.
        try fixture.restart()
        #expect(try committed(fixture, partition: 1).values == (isCommit ? ["b"] : []))
        #expect(try committedOffset(fixture, group: "g", stable: true) == (isCommit ? 7 : -1, .none))
    }

    @Test func `a transaction that was open when the broker died keeps its time`() throws {
        let fixture = try BrokerFixture([
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "20"
        ])
        try fixture.createTopic("t")
        var one = try TransactionalProducer(fixture, timeout: 300)
        #expect(try one.add() == .none)
        #expect(try one.produce("a") == .none)
        try fixture.restart()
        one = try TransactionalProducer(one, fixture)
        var answer = ErrorCode.none
        // Asking for a partition that is in changes nothing, so it shows when the transaction is over.
        for _ in 0..<100_000 where answer == .none || answer == .concurrentTransactions { answer = try one.add() }
        #expect(answer == .producerFenced)
        #expect(try committed(fixture).values == [])
        #expect(try one.produce("b") == .invalidProducerEpoch)
    }

    @Test func `a partition that cannot take its marker keeps no other transaction waiting, and gets it later`() throws
    {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t", configs: ["segment.bytes": "1024"])
        try fixture.createTopic("u")
        var stuck = try TransactionalProducer(fixture)
        #expect(try stuck.add() == .none)
        let value = String(repeating: "v", count: 900)
        #expect(try stuck.produce(value) == .none)
        // The marker needs a new segment, whose name is taken.
        let obstacle = "\(fixture.directory.path)/data/t-0/\(String(repeating: "0", count: 19))1.log"
        #expect(mkdir(obstacle, 0o755) == 0)
        #expect(try stuck.end(commit: true) == .none)
        #expect(try stuck.add() == .concurrentTransactions)
        #expect(try committed(fixture).values == [])
        #expect(throws: ErrorCode.concurrentTransactions) { try TransactionalProducer(fixture) }

        var other = try TransactionalProducer(fixture, "other")
        #expect(try other.add("u") == .none)
        #expect(try other.produce("b", to: "u") == .none)
        #expect(try other.end(commit: true) == .none)
        #expect(try committed(fixture, "u").values == ["b"])

        fixture.stop()
        #expect(rmdir(obstacle) == 0)
        try fixture.start()
        stuck = try TransactionalProducer(stuck, fixture)
        var answer = ErrorCode.concurrentTransactions
        for _ in 0..<1_000 where answer == .concurrentTransactions { answer = try stuck.end(commit: true) }
        #expect(answer == .none)
        #expect(try committed(fixture).values == [value])
    }

    @Test func `200 rounds of two producers with one id: the older never gets in`() throws {
        let fixture = try BrokerFixture()
        try fixture.createTopic("t")
        var older = try TransactionalProducer(fixture)
        var expected: [String] = []
        for round in 0..<200 {
            let isOpen = round % 3 > 0
            if isOpen {
                #expect(try older.add() == .none)
                #expect(try older.produce("lost \(round)") == .none)
            }
            var newer = try TransactionalProducer(fixture)
            #expect(newer.producerID == older.producerID && newer.epoch > older.epoch)
            let produced = try older.produce("zombie \(round)")
            #expect(produced == .invalidProducerEpoch)
            #expect(try older.add() == .producerFenced)
            #expect(try older.end(commit: true) == .producerFenced)
            #expect(try older.end(commit: true, version: 1) == .invalidProducerEpoch)
            #expect(try newer.add() == .none)
            #expect(try newer.produce("kept \(round)") == .none)
            #expect(try newer.end(commit: true) == .none)
            expected.append("kept \(round)")
            older = newer
        }
        #expect(try committed(fixture).values == expected)
    }
}
