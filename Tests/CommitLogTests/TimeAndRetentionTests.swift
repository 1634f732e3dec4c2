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
