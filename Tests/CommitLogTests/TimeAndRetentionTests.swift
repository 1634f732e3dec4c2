import Clocks
import Compression
import Glibc
import KafkaProtocol
import Testing

@testable import CommitLog

@Suite struct TimeAndRetentionTests {
    private let home: TemporaryDirectory
    private let clock = ManualClock(wallMilliseconds: 1_000_000)

    init() throws { home = try TemporaryDirectory(inMemory: true) }

    private func directory() throws -> LogDirectory {
        var settings = LogDirectorySettings()
        settings.writerThreads = 1
        return try LogDirectory(path: home.path, settings: settings, clock: .manual(clock))
    }

    @Test(arguments: CompressionCodec.allCases)
    func `a time finds the exact record inside its batch, over segments and a restart`(codec: CompressionCodec)
        async throws
    {
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 3000
        settings.indexIntervalBytes = 300
        var log = try directory()
        var partition = try log.open(topic: "t", partition: 0, settings: settings)
        #expect(try partition.offset(forTimestamp: 0) == nil)
        #expect(try partition.offsetOfMaxTimestamp() == nil)
        // Batch i holds the times 100 i, 100 i + 1, 100 i + 2.
        for index in 0..<100 {
            try await partition.store(try batch(["a", "b", "c"], timestamp: Int64(100 * index), codec: codec))
        }
        for _ in 0..<2 {
            #expect(partition.segmentCount > 2)
            for index in stride(from: 0, to: 100, by: 7) {
                let found = try partition.offset(forTimestamp: Int64(100 * index + 1))
                #expect(
                    found
                        == TimestampedOffset(
                            offset: Int64(3 * index + 1),
                            timestamp: Int64(100 * index + 1),
                            leaderEpoch: 0
                        )
                )
                let next = try partition.offset(forTimestamp: Int64(100 * index - 50))
                #expect(next?.offset == Int64(3 * index))
            }
            #expect(try partition.offset(forTimestamp: 9903) == nil)
            #expect(try partition.offsetOfMaxTimestamp()?.offset == 299)
            log.close()
            log = try directory()
            partition = try log.open(topic: "t", partition: 0, settings: settings)
        }
        log.close()
    }

    @Test func `times that go back do not hide a record`() async throws {
        var settings = PartitionSettings.keeping
        settings.indexIntervalBytes = 1
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        for time in [500, 100, 900, 50, 700] as [Int64] { try await partition.store(try batch(["x"], timestamp: time)) }
        #expect(try partition.offset(forTimestamp: 60)?.offset == 0)
        #expect(try partition.offset(forTimestamp: 501)?.offset == 2)
        #expect(try partition.offset(forTimestamp: 901) == nil)
        #expect(try partition.offsetOfMaxTimestamp()?.offset == 2)
        log.close()
    }

    private func fill(_ partition: PartitionLog, count: Int) async throws {
        for index in 0..<count {
            try await partition.store(
                try batch([String(repeating: "x", count: 500)], timestamp: clock.wallMilliseconds)
            )
            if index % 2 == 1 { clock.advance(milliseconds: 1000) }
        }
    }

    @Test func `segments past the retention time go, the active one too, and offsets are never used again`()
        async throws
    {
        var settings = PartitionSettings()
        settings.segmentBytes = 2000
        settings.retentionMilliseconds = 10_000
        var log = try directory()
        var partition = try log.open(topic: "t", partition: 0, settings: settings)
        try await fill(partition, count: 40)
        log.maintain()
        #expect(partition.logStartOffset > 10 && partition.logStartOffset < 25)
        #expect(try partition.header(at: partition.logStartOffset).baseOffset == partition.logStartOffset)
        clock.advance(milliseconds: 60_000)
        log.maintain()  // rolls the active segment
        log.close()
        log = try directory()
        partition = try log.open(topic: "t", partition: 0, settings: settings)
        log.maintain()
        #expect(partition.logStartOffset == 40)
        #expect(partition.highWatermark == 40)
        #expect(partition.byteCount == 0)
        #expect(try partition.read(from: 40, maxBytes: 100).isEmpty)
        #expect(try await partition.store(try batch(["new"], timestamp: clock.wallMilliseconds)).baseOffset == 40)
        let killed = try home.copy()
        log.close()
        let again = try LogDirectory(path: killed.path, clock: .manual(clock))
        let reopened = try again.open(topic: "t", partition: 0, settings: settings)
        #expect(reopened.logStartOffset == 40)
        #expect(try reopened.values(from: 40) == ["new"])
        again.close()
    }

    @Test func `segments beyond the retention size go, oldest first`() async throws {
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 2000
        settings.retentionBytes = 5000
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        try await fill(partition, count: 30)
        log.maintain()
        #expect(partition.byteCount >= 5000 && partition.byteCount < 7000)
        #expect(partition.logStartOffset > 0)
        let names = try FileSystem.names(in: "\(home.path)/t-0").filter { $0.hasSuffix(".log") }
        #expect(names.count == partition.segmentCount)
        settings.deletesOldSegments = false
        settings.retentionBytes = 1
        partition.update(settings: settings)
        let start = partition.logStartOffset
        log.maintain()
        #expect(partition.logStartOffset == start, "a topic that is only compacted keeps everything")
        log.close()
    }

    @Test func `a segment is rolled when it is old`() async throws {
        var settings = PartitionSettings.keeping
        settings.segmentMilliseconds = 5000
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        for _ in 0..<10 {
            try await partition.store(try batch(["x"]))
            clock.advance(milliseconds: 2000)
        }
        #expect(partition.segmentCount == 4)
        #expect(try partition.values().count == 10)
        log.close()
    }
}

@Suite struct StoredFormTests {
    private let home: TemporaryDirectory
    private let clock = ManualClock(wallMilliseconds: 1_000_000)

    init() throws { home = try TemporaryDirectory(inMemory: true) }

    private func open(_ settings: PartitionSettings) throws -> (LogDirectory, PartitionLog) {
        let directory = try LogDirectory(path: home.path, clock: .manual(clock))
        return (directory, try directory.open(topic: "t", partition: 0, settings: settings))
    }

    @Test(arguments: CompressionCodec.allCases, [TimestampType.createTime, .logAppendTime])
    func `records are stored in the codec of the topic, and what is sent twice is still known`(
        codec: CompressionCodec,
        timestampType: TimestampType
    ) async throws {
        var settings = PartitionSettings.keeping
        settings.compression = codec
        settings.timestampType = timestampType
        var (directory, log) = try open(settings)
        var values: [String] = []
        var last: [UInt8] = []
        for (index, sent) in CompressionCodec.allCases.enumerated() {
            let part = ["value \(index) " + String(repeating: "x", count: 300), "second"]
            last = try batch(part, codec: sent, producerID: 5, epoch: 0, sequence: Int32(2 * index))
            let result = try await log.store(last)
            #expect(result.logAppendTime == (timestampType == .logAppendTime ? 1_000_000 : -1))
            #expect(try log.append(last).isDuplicate)
            values += part
            let header = try log.header(at: result.baseOffset)
            #expect(header.attributes.codec == codec)
            #expect(header.attributes.isLogAppendTime == (timestampType == .logAppendTime))
        }
        for _ in 0..<2 {
            #expect(try log.values() == values)
            #expect(directory.pendingBytes == 0)
            let other = try batch(["other", "other"], producerID: 5, epoch: 0, sequence: 8)
            #expect(throws: LogError.self) { try log.append(other) }
            #expect(try log.append(last).isDuplicate)
            directory.close()
            (directory, log) = try open(settings)
        }
        directory.close()
        // Without what the producer's table kept, the log's own copy does not tell which bytes were sent.
        for name in try FileSystem.names(in: "\(home.path)/t-0") where name.hasSuffix(".snapshot") {
            try FileSystem.removeFile("\(home.path)/t-0/\(name)")
        }
        unlink("\(home.path)/clean-shutdown")
        (directory, log) = try open(settings)
        #expect(try log.append(last).isDuplicate)
        directory.close()
    }

    @Test func `a batch that grows over the limit when it is unpacked is refused`() throws {
        var settings = PartitionSettings.keeping
        settings.compression = CompressionCodec.none
        settings.maxMessageBytes = 500
        let (directory, log) = try open(settings)
        let bytes = try batch([String(repeating: "x", count: 2000)], codec: .zstd)
        #expect(throws: LogError.batchTooLarge(byteCount: 2072, limit: 500)) { try log.append(bytes) }
        directory.close()
    }

    @Test func `times that lie too far from the broker's are refused, and only those of clients`() async throws {
        var settings = PartitionSettings.keeping
        settings.timestampBeforeMaxMilliseconds = 5000
        settings.timestampAfterMaxMilliseconds = 1000
        let (directory, log) = try open(settings)
        for (time, isTaken) in [(994_999, false), (995_000, true), (1_001_000, true), (1_001_001, false), (-1, true)]
            as [(Int64, Bool)]
        {
            let bytes = try batch(["x"], timestamp: time)
            guard !isTaken else {
                try await log.store(bytes)
                continue
            }
            let error = #expect(throws: LogError.self) { try log.append(bytes) }
            #expect(error?.kafkaErrorCode == 32)
            try log.append(bytes, origin: .broker)
        }
        settings.timestampType = .logAppendTime
        log.update(settings: settings)
        try await log.store(try batch(["x"], timestamp: 5))
        directory.close()
    }

    @Test func `the age of a segment varies by the jitter, and max compaction lag bounds it`() {
        var settings = PartitionSettings()
        settings.segmentMilliseconds = 1000
        #expect(settings.rollMilliseconds(jitter: 0.5) == 1000)
        settings.segmentJitterMilliseconds = 400
        #expect(settings.rollMilliseconds(jitter: 0.5) == 800)
        settings.segmentJitterMilliseconds = 5000
        #expect(settings.rollMilliseconds(jitter: 0.5) == 500)
        settings.maxCompactionLagMilliseconds = 100
        #expect(settings.rollMilliseconds(jitter: 0) == 1000)
        settings.isCompacted = true
        #expect(settings.rollMilliseconds(jitter: 0) == 100)
    }
}
