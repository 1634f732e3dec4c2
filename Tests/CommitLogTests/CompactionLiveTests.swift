import Bytes
import Clocks
import Compression
import Glibc
import KafkaProtocol
import Synchronization
import Testing

@testable import CommitLog

/// The cleaner's own thread, beside writers and readers.
@Suite struct CompactionLiveTests {
    private static func settings() -> PartitionSettings {
        var settings = PartitionSettings.keeping
        settings.isCompacted = true
        settings.segmentBytes = 6000
        settings.indexIntervalBytes = 300
        settings.minCleanableDirtyRatio = 0
        settings.deleteRetentionMilliseconds = 0
        return settings
    }

    private static func cleaning() -> LogDirectorySettings {
        var settings = LogDirectorySettings()
        settings.cleaner.isEnabled = true
        settings.cleaner.pauseMilliseconds = 1
        settings.cleaner.bytesPerSecond = 1 << 40
        return settings
    }

    @Test func `readers and writers go on while segments are replaced under them`() async throws {
        let home = try TemporaryDirectory(inMemory: true)
        let directory = try LogDirectory(path: home.path, settings: Self.cleaning())
        let log = try directory.open(topic: "t", partition: 0, settings: Self.settings())
        let writers = 3
        let rounds = 250
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for index in 0..<rounds {
                        let records = (0..<3).map { ("\(writer)-\((index + $0) % 20)", String?.some("\(index)")) }
                        let producer = (Int64(writer + 1), Int16(0), Int32(3 * index))
                        try await log.store(try keyedBatch(records, timestamp: Int64(index), producer: producer))
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    while log.logEndOffset < Int64(writers * rounds * 3) {
                        // What a reader has seen of a key never goes back, wherever in the log it is read.
                        let content = try LogContent(log, maxBytes: 900)
                        var last: [String: Int] = [:]
                        for record in content.records {
                            let value = Int(record.value ?? "") ?? -1
                            #expect(last[record.key] ?? -1 <= value)
                            last[record.key] = value
                        }
                        await Task.yield()
                    }
                }
            }
            group.addTask {
                while log.logEndOffset < Int64(writers * rounds * 3) {
                    log.releaseIfIdle(now: .max, after: 0)
                    directory.maintain()
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        directory.clean()
        let content = try LogContent(log)
        #expect(content.table.count == writers * 20)
        #expect(content.records.count < writers * rounds)
        #expect(directory.statistics.cleanerRounds.load(ordering: .relaxed) > 1)
        for writer in 0..<writers {
            for key in 0..<20 {
                let last = (0..<rounds).last { index in (0..<3).contains { (index + $0) % 20 == key } }
                #expect(content.table["\(writer)-\(key)"] == String(last ?? -1))
            }
        }
        #expect(log.stopReason == nil)
        directory.close()
        let verifier = try LogVerifier(path: home.path)
        #expect(try verifier.verify(log.name).findings == [])
    }

    @Test func `a partition is removed and the directory closed while the cleaner is at work`() async throws {
        let home = try TemporaryDirectory(inMemory: true)
        let directory = try LogDirectory(path: home.path, settings: Self.cleaning())
        for round in 0..<20 {
            let log = try directory.open(topic: "t", partition: 0, settings: Self.settings())
            for index in 0..<40 {
                let records = (0..<10).map { ("k\($0)", String?.some("\(index)")) }
                try await log.store(try keyedBatch(records, timestamp: Int64(index)))
            }
            if round < 19 { try directory.remove(topic: "t", partition: 0) }
            #expect(round == 19 || directory.existing().isEmpty)
        }
        directory.close()
        let again = try LogDirectory(path: home.path, settings: Self.cleaning())
        let log = try again.open(topic: "t", partition: 0, settings: Self.settings())
        #expect(try LogContent(log).table.values.allSatisfy { $0 == "39" })
        again.close()
    }

    @Test func `old segments of a compacted topic go by time too when the policy has both`() async throws {
        let home = try TemporaryDirectory(inMemory: true)
        let clock = ManualClock(wallMilliseconds: 1_000_000)
        let directory = try LogDirectory(path: home.path, clock: .manual(clock))
        var settings = Self.settings()
        settings.retentionMilliseconds = 10_000
        let log = try directory.open(topic: "t", partition: 0, settings: settings)
        for index in 0..<200 {
            try await log.store(
                try keyedBatch(
                    [("k\(index % 30)", "\(index)"), ("own \(index)", "x")],
                    timestamp: clock.wallMilliseconds
                )
            )
            clock.advance(milliseconds: 100)
            if index % 50 == 49 { directory.clean() }
        }
        directory.maintain()
        let content = try LogContent(log)
        #expect(log.logStartOffset > 0)
        #expect(content.records.count < 2 * (400 - Int(log.logStartOffset)))
        clock.advance(milliseconds: 20_000)
        directory.maintain()
        directory.clean()
        directory.close()
    }

    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a small file system needs root"))
    func `a full disk stops a round and nothing else; it is done when there is space`() async throws {
        let disk = try SmallFileSystem(megabytes: 8)
        let events = EventRecorder()
        let clock = ManualClock(wallMilliseconds: 1_000_000)
        let directory = try LogDirectory(
            path: "\(disk.path)/data",
            clock: .manual(clock),
            onEvent: { events.record($0) }
        )
        var settings = Self.settings()
        settings.segmentBytes = 1 << 20
        let log = try directory.open(topic: "t", partition: 0, settings: settings)
        let value = String(repeating: "x", count: 20_000)
        for index in 0..<150 {
            let records = [("k\(index % 60)", String?.some(value)), ("own \(index)", String?.some("v"))]
            try await log.store(try keyedBatch(records, timestamp: 5))
        }
        let before = try LogContent(log)
        let ballast = "\(disk.path)/ballast"
        let handle = try FileHandle(path: ballast, flags: O_WRONLY | O_CREAT)
        var size: Int64 = 0
        let block = [UInt8](repeating: 1, count: 1 << 16)
        while (try? handle.write(block, at: size)) != nil { size += 1 << 16 }
        directory.clean()
        #expect(try LogContent(log) == before)
        #expect(log.stopReason == nil)
        #expect(events.messages.contains { $0.contains("compaction failed, tried again later") })
        #expect(try !FileSystem.names(in: log.directory).contains { $0.hasSuffix(".cleaned") })
        unlink(ballast)
        try handle.truncate(to: 0)
        clock.advance(milliseconds: CleanerBook.retryMilliseconds)
        directory.clean()
        #expect(try LogContent(log).table == before.table)
        #expect(try LogContent(log).records.count < before.records.count)
        directory.close()
    }
}
