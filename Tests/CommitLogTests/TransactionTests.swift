import Bytes
import Clocks
import Compression
import Glibc
import KafkaProtocol
import Testing

@testable import CommitLog

/// What readers of committed records see, through appends, markers, restarts and damage.
@Suite struct TransactionTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func open(
        _ home: TemporaryDirectory,
        segmentBytes: Int = 1 << 30,
        events: EventRecorder = EventRecorder()
    ) throws -> (LogDirectory, PartitionLog) {
        var directory = LogDirectorySettings()
        directory.writerThreads = 1
        var settings = PartitionSettings.keeping
        settings.segmentBytes = segmentBytes
        let log = try LogDirectory(path: home.path, settings: directory, onEvent: { events.record($0) })
        return (log, try log.open(topic: "t", partition: 0, settings: settings))
    }

    fileprivate static let transactional = RecordBatchAttributes(codec: .none, isTransactional: true)

    /// One producer with its next sequence number.
    fileprivate struct Producer {
        let id: Int64
        var epoch: Int16 = 0
        var sequence: Int32 = 0

        mutating func batch(_ values: [String]) throws -> [UInt8] {
            defer { sequence += Int32(values.count) }
            return try CommitLogTests.batch(
                values,
                producerID: id,
                epoch: epoch,
                sequence: sequence,
                attributes: TransactionTests.transactional
            )
        }
    }

    @Test func `committed readers stop at the first open transaction and are told what was aborted`() async throws {
        let (log, partition) = try open(home)
        var one = Producer(id: 1)
        var two = Producer(id: 2)
        try await partition.store(try batch(["plain"]))
        try await partition.store(try one.batch(["a", "b"]))
        try await partition.store(try two.batch(["c"]))
        #expect(partition.lastStableOffset == 1)
        #expect(partition.highWatermark == 4)
        #expect(try partition.committedValues() == ["plain"])
        #expect(try partition.values() == ["plain", "a", "b", "c"])
        try await partition.end(two, isCommit: true)
        #expect(partition.lastStableOffset == 1)
        try await partition.end(one, isCommit: false)
        #expect(partition.lastStableOffset == 6)
        #expect(try partition.committedValues() == ["plain", "c"])
        let read = try partition.read(from: 0, maxBytes: 1 << 20, isolation: .committed)
        #expect(read.abortedTransactions.map(\.producerID) == [1])
        #expect(read.abortedTransactions.map(\.firstOffset) == [1])
        #expect(try partition.read(from: 5, maxBytes: 1, isolation: .committed).abortedTransactions.count == 1)
        log.close()
    }

    @Test func `a reader that waits for committed records wakes when the marker is on disk`() async throws {
        let (log, partition) = try open(home)
        var one = Producer(id: 1)
        try await partition.store(try one.batch(["a"]))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let wait = partition.whenReadable(beyond: 0, isolation: .committed) { continuation.resume() }
            #expect(wait != nil)
            _ = try? partition.appendMarker(producerID: 1, producerEpoch: 0, isCommit: true, coordinatorEpoch: 0)
        }
        #expect(partition.lastStableOffset == 2)
        log.close()
    }

    @Test func `a transaction begins only where it is admitted`() async throws {
        let (log, partition) = try open(home)
        var one = Producer(id: 1)
        let bytes = try one.batch(["a"])
        func append(_ bytes: [UInt8], admits: Bool) throws -> AppendResult {
            try bytes.withUnsafeBytes { buffer in
                Result { () throws(LogError) in try partition.append(buffer, admitsTransaction: { _ in admits }) }
            }.get()
        }
        #expect { try append(bytes, admits: false) } throws: { ($0 as? LogError)?.kafkaErrorCode == 48 }
        _ = try append(bytes, admits: true)
        // Inside an open transaction nobody is asked again.
        _ = try append(try one.batch(["b"]), admits: false)
        try await partition.end(one, isCommit: true)
        #expect { try append(try one.batch(["late"]), admits: false) } throws: {
            ($0 as? LogError)?.kafkaErrorCode == 48
        }
        #expect(try partition.committedValues() == ["a", "b"])
        log.close()
    }

    @Test func `markers of old epochs and coordinators are refused, batches outside a transaction too`() async throws {
        let (log, partition) = try open(home)
        var one = Producer(id: 1, epoch: 3)
        try await partition.store(try one.batch(["a"]))
        func mark(_ epoch: Int16, _ coordinator: Int32) -> Int16? {
            do {
                _ = try partition.appendMarker(
                    producerID: 1,
                    producerEpoch: epoch,
                    isCommit: true,
                    coordinatorEpoch: coordinator
                )
                return nil
            } catch {
                return error.kafkaErrorCode
            }
        }
        #expect(mark(2, 0) == 47)
        let plain = try batch(["x"], producerID: 1, epoch: 3, sequence: 1)
        #expect { try partition.append(plain) } throws: { ($0 as? LogError)?.kafkaErrorCode == 48 }
        #expect(mark(4, 7) == nil)
        #expect(mark(4, 6) == 52)
        // The marker has raised the epoch: the old one is fenced, the new one begins at zero.
        #expect { try partition.append(try one.batch(["zombie"])) } throws: { ($0 as? LogError)?.kafkaErrorCode == 47 }
        var renewed = Producer(id: 1, epoch: 4, sequence: 5)
        #expect { try partition.append(try renewed.batch(["gap"])) } throws: { ($0 as? LogError)?.kafkaErrorCode == 45 }
        renewed.sequence = 0
        try await partition.store(try renewed.batch(["b"]))
        #expect(partition.producerStates().map(\.transactionStartOffset) == [partition.highWatermark - 1])
        #expect(partition.producerStates().map(\.coordinatorEpoch) == [7])
        log.close()
    }

    @Test func `a log cut at any byte of its last batches has no transaction ended that is not`() async throws {
        let (log, partition) = try open(home)
        var one = Producer(id: 1)
        var two = Producer(id: 2)
        try await partition.store(try one.batch(["a"]))
        try await partition.store(try two.batch(["b"]))
        try await partition.end(one, isCommit: false)
        try await partition.end(two, isCommit: true)
        try await partition.store(try one.batch(["c"]))
        let copy = try home.copy()
        let size = Int(partition.byteCount)
        log.close()
        let path = "t-0/\(Segment.name(0)).log"
        let bytes = try #require(try FileSystem.contents(of: "\(copy.path)/\(path)"))
        for cut in stride(from: size, through: size - 260, by: -1) {
            let torn = try copy.copy()
            try TemporaryDirectory.write(Array(bytes[..<cut]), to: "\(torn.path)/\(path)")
            let (log, partition) = try open(torn)
            let end = partition.highWatermark
            // 0 a, 1 b, 2 abort of a, 3 commit of b, 4 c
            let stable: Int64 = end == 5 ? 4 : end == 4 ? 4 : end == 3 ? 1 : 0
            #expect(partition.lastStableOffset == stable, "cut at \(cut)")
            #expect(try partition.committedValues() == (end >= 4 ? ["b"] : []), "cut at \(cut)")
            log.close()
        }
    }

    @Test func `aborted transactions are found again without their index`() async throws {
        let (log, partition) = try open(home, segmentBytes: 2000)
        var producers = (1...3).map { Producer(id: Int64($0)) }
        for round in 0..<30 {
            for index in producers.indices {
                try await partition.store(try producers[index].batch(["\(round).\(index)"]))
            }
            for index in producers.indices {
                try await partition.end(producers[index], isCommit: (round + index) % 3 == 0)
            }
        }
        let expected = try partition.committedValues()
        #expect(expected.count == 30)
        log.maintain()
        log.close()
        let names = try FileSystem.names(in: "\(home.path)/t-0").filter { $0.hasSuffix(".txnindex") }
        #expect(names.count > 3)
        for damage in [[UInt8](), [1, 2, 3], [UInt8](repeating: 0, count: 76)] {
            let copy = try home.copy()
            for name in names { try TemporaryDirectory.write(damage, to: "\(copy.path)/t-0/\(name)") }
            let events = EventRecorder()
            let (log, partition) = try open(copy, segmentBytes: 2000, events: events)
            #expect(try partition.committedValues() == expected)
            #expect(events.messages.contains { $0.contains("txnindex") })
            log.close()
        }
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `any sequence of transactions, restarts and kills shows the committed records and no others`(
        seed: UInt64
    ) async throws {
        var random = Seeded(state: seed)
        var model = Model()
        var home = home
        var (log, partition) = try open(home, segmentBytes: 1500)
        for step in 0..<150 {
            switch random.next() % 16 {
            case 0..<8: try await model.append(Int(random.next() % 4), to: partition, count: Int(random.next() % 3) + 1)
            case 8..<10:
                try await partition.store(try batch(["plain \(step)"]))
                model.records.append(
                    .init(offset: partition.highWatermark - 1, value: "plain \(step)", transaction: nil)
                )
            case 10..<14: try await model.end(Int(random.next() % 4), in: partition, isCommit: random.next() % 2 == 0)
            case 14:
                if random.next() % 2 == 0 { log.maintain() }
                let copy = try home.copy()
                log.close()
                // Either what an orderly stop leaves or what a kill does.
                home = random.next() % 2 == 0 ? copy : home
                (log, partition) = try open(home, segmentBytes: 1500)
            default: log.maintain()
            }
            #expect(partition.lastStableOffset == model.stableOffset ?? partition.highWatermark, "step \(step)")
            if step % 10 == 9 {
                #expect(try partition.committedValues() == model.visible(from: 0), "step \(step)")
                let from = Int64(random.next() % UInt64(partition.highWatermark + 1))
                #expect(try partition.committedValues(from: from, maxBytes: 100) == model.visible(from: from))
            }
        }
        log.close()
    }

    /// What must be visible.
    private struct Model {
        struct Record {
            let offset: Int64
            let value: String
            let transaction: Int?
        }

        var records: [Record] = []
        var producers = (0..<4).map { Producer(id: Int64(10 + $0)) }
        /// Per producer the number of its open transaction and that one's first offset.
        var open: [Int: (transaction: Int, start: Int64)] = [:]
        var committed: Set<Int> = []
        var next = 0

        var stableOffset: Int64? { open.values.map(\.start).min() }

        mutating func append(_ index: Int, to partition: PartitionLog, count: Int) async throws {
            let values = (0..<count).map { "\(index).\(records.count).\($0)" }
            let result = try await partition.store(try producers[index].batch(values))
            if open[index] == nil {
                open[index] = (next, result.baseOffset)
                next += 1
            }
            let transaction = open[index]?.transaction
            for (number, value) in values.enumerated() {
                records.append(
                    Record(offset: result.baseOffset + Int64(number), value: value, transaction: transaction)
                )
            }
        }

        mutating func end(_ index: Int, in partition: PartitionLog, isCommit: Bool) async throws {
            try await partition.end(producers[index], isCommit: isCommit)
            if let ended = open.removeValue(forKey: index), isCommit { committed.insert(ended.transaction) }
        }

        func visible(from offset: Int64) -> [String] {
            let end = stableOffset ?? .max
            return records.filter { record in
                record.offset >= offset && record.offset < end
                    && (record.transaction.map { committed.contains($0) } ?? true)
            }.map(\.value)
        }
    }
}

extension PartitionLog {
    fileprivate func end(_ producer: TransactionTests.Producer, isCommit: Bool) async throws {
        let result = try appendMarker(
            producerID: producer.id,
            producerEpoch: producer.epoch,
            isCommit: isCommit,
            coordinatorEpoch: 0
        )
        if let error = await durable(result) { throw error }
    }

    /// What a client shows that reads committed records: it drops the records of aborted transactions that the answer
    /// names, up to their markers.
    fileprivate func committedValues(from offset: Int64 = 0, maxBytes: Int = 1 << 20) throws -> [String] {
        var values: [String] = []
        var next = offset
        while next < lastStableOffset {
            let read = try read(from: next, maxBytes: maxBytes, isolation: .committed)
            guard !read.isEmpty else { break }
            #expect(read.nextOffset <= lastStableOffset)
            var waiting = read.abortedTransactions.sorted { $0.firstOffset < $1.firstOffset }[...]
            var aborted: Set<Int64> = []
            let bytes = read.joined()
            defer { withExtendedLifetime(bytes) {} }
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes.bytes[position...])
                let header = try RecordBatchHeader(rest)
                let batch = UnsafeRawBufferPointer(rebasing: rest[..<header.totalByteCount])
                while let first = waiting.first, first.firstOffset <= header.lastOffset {
                    aborted.insert(first.producerID)
                    waiting.removeFirst()
                }
                if header.attributes.isControl {
                    if EndMarker(batch, header: header)?.isCommit == false { aborted.remove(header.producerID) }
                } else if !header.attributes.isTransactional || !aborted.contains(header.producerID) {
                    try RecordBatch.forEachRecord(in: batch, header: header) { record in
                        if record.offset >= offset, let value = record.value {
                            values.append(String(decoding: value, as: UTF8.self))
                        }
                        return true
                    }
                }
                position += header.totalByteCount
                next = header.nextOffset
            }
            #expect(next == read.nextOffset)
        }
        return values
    }
}
