import KafkaProtocol
import Testing

@testable import CommitLog

@Suite struct ProducerTableTests {
    /// One batch of a producer, and what the table must answer.
    struct Step {
        let epoch: Int16
        let sequence: Int32
        let count: Int32
        let checksum: UInt32
        let answer: Answer
    }

    enum Answer: Equatable {
        case accepted
        case duplicate(of: Int64)
        case refused(Int16)
    }

    struct Case: CustomTestStringConvertible {
        let name: String
        let steps: [Step]
        var testDescription: String { name }
    }

    private static func step(
        _ sequence: Int32,
        count: Int32 = 1,
        epoch: Int16 = 0,
        crc: UInt32? = nil,
        _ answer: Answer
    ) -> Step {
        let checksum = crc ?? UInt32(bitPattern: sequence)
        return Step(epoch: epoch, sequence: sequence, count: count, checksum: checksum, answer: answer)
    }

    static let cases: [Case] = [
        Case(
            name: "in order",
            steps: [step(0, count: 3, .accepted), step(3, .accepted), step(4, count: 10, .accepted)]
        ),
        Case(name: "an unknown producer may begin anywhere", steps: [step(77, .accepted), step(78, .accepted)]),
        Case(name: "a gap", steps: [step(0, .accepted), step(2, .refused(45)), step(1, .accepted)]),
        Case(
            name: "any of the last five again",
            steps: (0..<6).map { step($0, .accepted) } + (1..<6).map { step($0, .duplicate(of: Int64($0))) } + [
                step(6, .accepted)
            ]
        ),
        Case(name: "older than the last five", steps: (0..<7).map { step($0, .accepted) } + [step(0, .refused(46))]),
        Case(
            name: "the same sequence with other bytes",
            steps: [
                step(0, .accepted), step(1, .accepted), step(1, crc: 5, .refused(45)), step(0, crc: 5, .refused(45)),
            ]
        ),
        Case(
            name: "the same first sequence with another count",
            steps: [step(0, count: 2, .accepted), step(0, count: 3, .refused(45))]
        ),
        Case(name: "an older epoch", steps: [step(0, epoch: 3, .accepted), step(1, epoch: 2, .refused(47))]),
        Case(
            name: "a new epoch begins at zero",
            steps: [
                step(0, .accepted), step(1, .accepted), step(2, epoch: 1, .refused(45)), step(0, epoch: 1, .accepted),
                step(1, epoch: 1, .accepted), step(2, .refused(47)),
            ]
        ),
        Case(
            name: "sequences start again after 2^31-1",
            steps: [
                step(.max - 2, count: 2, .accepted), step(.max, count: 3, crc: 1, .accepted), step(2, .accepted),
                step(.max, count: 3, crc: 1, .duplicate(of: 2)), step(.max - 2, count: 2, .duplicate(of: 0)),
                step(4, .refused(45)),
                step(3, .accepted),
            ]
        ),
        Case(
            name: "older than the last five, across the wrap",
            steps: [step(.max - 1, .accepted), step(.max, .accepted)] + (0..<5).map { step($0, .accepted) }
                + [step(.max - 1, .refused(46)), step(.max, .refused(46))]
        ),
    ]

    @Test(arguments: cases)
    func `batches are taken, recognised or refused as Kafka does`(scenario: Case) throws {
        var table = ProducerTable()
        var next: Int64 = 0
        for (index, step) in scenario.steps.enumerated() {
            // A restart in between must change nothing.
            table = try #require(ProducerSnapshot.decode(ProducerSnapshot.encode(table)))
            var header = RecordBatchHeader(emptyWithBaseTimestamp: 0)
            header.producerID = 5
            header.producerEpoch = step.epoch
            header.baseSequence = step.sequence
            header.lastOffsetDelta = step.count - 1
            header.recordCount = step.count
            header.checksum = step.checksum
            let answer: Answer
            do {
                switch try table.check(header) {
                case .accept:
                    answer = .accepted
                    table.record(header, baseOffset: next, checksum: step.checksum, logAppendTime: -1, now: 1)
                    next += Int64(step.count)
                case .duplicate(let batch): answer = .duplicate(of: batch.baseOffset)
                }
            } catch {
                answer = .refused(error.kafkaErrorCode)
            }
            #expect(answer == step.answer, "step \(index)")
        }
    }

    @Test func `a batch that the log stamped itself is recognised by its sequence alone`() throws {
        var table = ProducerTable()
        var header = RecordBatchHeader(emptyWithBaseTimestamp: 0)
        header.producerID = 1
        header.producerEpoch = 0
        header.baseSequence = 0
        header.lastOffsetDelta = 0
        table.record(header, baseOffset: 0, checksum: nil, logAppendTime: 44, now: 1)
        header.checksum = 99
        guard case .duplicate(let batch) = try table.check(header) else { return #expect(Bool(false)) }
        #expect(batch.logAppendTime == 44)
    }

    @Test func `silent producers are forgotten`() {
        var table = ProducerTable()
        var header = RecordBatchHeader(emptyWithBaseTimestamp: 0)
        header.producerEpoch = 0
        header.baseSequence = 0
        header.lastOffsetDelta = 0
        for id in 0..<10 as Range<Int64> {
            header.producerID = id
            table.record(header, baseOffset: id, checksum: 1, logAppendTime: -1, now: id * 10)
        }
        table.expire(before: 50)
        #expect(table.entries.keys.sorted() == [5, 6, 7, 8, 9])
    }

    @Test(arguments: 0..<32 as Range<UInt64>)
    func `a damaged snapshot is no snapshot`(seed: UInt64) {
        var random = Seeded(state: seed)
        var table = ProducerTable()
        var header = RecordBatchHeader(emptyWithBaseTimestamp: 0)
        header.producerID = 1
        header.producerEpoch = 0
        header.baseSequence = 0
        header.lastOffsetDelta = 0
        table.record(header, baseOffset: 0, checksum: 1, logAppendTime: -1, now: 1)
        let bytes = ProducerSnapshot.encode(table)
        var damaged = bytes
        damaged[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 + random.next() % 255)
        #expect(ProducerSnapshot.decode(damaged) == nil)
        #expect(ProducerSnapshot.decode(Array(bytes[..<Int(random.next() % UInt64(bytes.count))])) == nil)
        let noise = (0..<100).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(ProducerSnapshot.decode(noise) == nil)
    }
}
