import Bytes
import Clocks
import Compression
import Glibc
import KafkaProtocol
import Synchronization
import Testing

@testable import CommitLog

@Suite struct AppendAndReadTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func directory(direct: Bool = true, cacheBytes: Int = 1 << 20, clock: Clock = .system) throws
        -> LogDirectory
    {
        var settings = LogDirectorySettings()
        settings.usesDirectIO = direct
        settings.cacheBytes = cacheBytes
        settings.writerThreads = 2
        return try LogDirectory(path: home.path, settings: settings, clock: clock)
    }

    @Test(arguments: [true, false])
    func `what is appended is read back, in this run and after an orderly restart`(direct: Bool) async throws {
        var log = try directory(direct: direct)
        var partition = try log.open(topic: "orders", partition: 3, settings: .keeping)
        var expected: [String] = []
        for index in 0..<300 {
            let values = (0...(index % 5)).map {
                "value-\(index)-\($0)-" + String(repeating: "x", count: index * 7 % 900)
            }
            let result = try partition.append(try batch(values))
            #expect(result.baseOffset == Int64(expected.count))
            expected += values
            if index % 50 == 49 { #expect(await partition.durable(result) == nil) }
        }
        try await partition.store(try batch(["last"]))
        expected.append("last")
        #expect(try partition.values() == expected)
        #expect(try partition.values(maxBytes: 1000) == expected)
        log.close()

        log = try directory(direct: direct)
        #expect(log.wasClosedCleanly)
        #expect(log.existing() == [TopicPartition(topic: "orders", partition: 3)])
        partition = try log.open(topic: "orders", partition: 3, settings: .keeping)
        #expect(partition.highWatermark == Int64(expected.count))
        #expect(try partition.values(maxBytes: 3000) == expected)
        // Appends go on in the middle of a block that is on disk already.
        try await partition.store(try batch(["after restart"]))
        #expect(try partition.values() == expected + ["after restart"])
        log.close()
    }

    @Test func `offset and leader epoch are stamped and the checksum stays`() async throws {
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        try await partition.store(try batch(["a", "b"]))
        let sent = try batch(["c", "d", "e"])
        let result = try await partition.store(sent, leaderEpoch: 7)
        #expect(result.baseOffset == 2)
        #expect(result.lastOffset == 4)
        #expect(result.logAppendTime == -1)
        let header = try partition.header(at: 3)
        #expect(header.baseOffset == 2)
        #expect(header.leaderEpoch == 7)
        #expect(header.checksum == (try sent.withUnsafeBytes { try RecordBatchHeader($0) }.checksum))
        log.close()
    }

    @Test func `log append time is stamped with a right checksum`() async throws {
        let clock = ManualClock(wallMilliseconds: 123_456)
        let log = try directory(clock: .manual(clock))
        var settings = PartitionSettings.keeping
        settings.timestampType = .logAppendTime
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        let result = try await partition.store(try batch(["a", "b"], timestamp: 5, codec: .lz4))
        #expect(result.logAppendTime == 123_456)
        #expect(try partition.values() == ["a", "b"])
        #expect(try partition.offset(forTimestamp: 6)?.timestamp == 123_456)
        log.close()
    }

    @Test func `a read begins with the batch that holds the offset and keeps to whole batches`() async throws {
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        let size = try batch(["a", "b", "c"]).count
        for _ in 0..<10 { try await partition.store(try batch(["a", "b", "c"])) }
        #expect(try partition.header(at: 4).baseOffset == 3)
        #expect(try partition.read(from: 4, maxBytes: 0).byteCount == size)
        #expect(try partition.read(from: 0, maxBytes: size * 3).byteCount == size * 3)
        #expect(try partition.read(from: 0, maxBytes: size * 3 + size - 1).byteCount == size * 3)
        #expect(try partition.read(from: 30, maxBytes: 100).isEmpty)
        #expect(throws: LogError.offsetOutOfRange(offset: 31, logStartOffset: 0, highWatermark: 30)) {
            try partition.read(from: 31, maxBytes: 100)
        }
        #expect(throws: LogError.offsetOutOfRange(offset: -1, logStartOffset: 0, highWatermark: 30)) {
            try partition.read(from: -1, maxBytes: 100)
        }
        log.close()
    }

    @Test func `old batches are read from the files when memory has let them go`() async throws {
        let log = try directory(cacheBytes: 64 << 10)
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 300_000
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        var expected: [String] = []
        for index in 0..<400 {
            let value = "v\(index)-" + String(repeating: "y", count: 3000)
            expected.append(value)
            try await partition.store(try batch([value]))
        }
        #expect(partition.segmentCount > 3)
        #expect(try partition.values(maxBytes: 10_000) == expected)
        for offset in stride(from: 0, to: 400, by: 37) {
            #expect(try partition.values(from: Int64(offset), maxBytes: 50_000) == Array(expected[offset...]))
        }
        #expect(log.statistics.readFileBytes.load(ordering: .relaxed) > 500_000)
        #expect(log.cachedBytes < 3 << 20)
        log.close()
    }

    @Test func `an idle partition gives its memory back and goes on where it was`() async throws {
        let clock = ManualClock()
        let log = try directory(clock: .manual(clock))
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        for index in 0..<20 {
            try await partition.store(try batch(["v\(index)"]))
            clock.advance(milliseconds: 60_000)
            log.maintain()
            #expect(log.cachedBytes == 0)
        }
        #expect(try partition.values() == (0..<20).map { "v\($0)" })
        log.close()
    }

    @Test func `batches that are damaged, cut, too large or not for clients are refused`() async throws {
        let log = try directory()
        var settings = PartitionSettings.keeping
        settings.maxMessageBytes = 2000
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        let good = try batch(["a", "b"])
        func code(_ bytes: [UInt8]) -> Int16 {
            do { try partition.append(bytes) } catch let error as LogError { return error.kafkaErrorCode } catch {
                return -1
            }
            return 0
        }
        func patched(_ position: Int, _ byte: UInt8, fixChecksum: Bool = true) -> [UInt8] {
            var bytes = good
            bytes[position] = byte
            guard fixChecksum else { return bytes }
            let sum = bytes.withUnsafeBytes { RecordBatch.checksum(of: $0) }
            for index in 0..<4 { bytes[17 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
            return bytes
        }
        #expect(code([]) == 87)
        for count in 1..<good.count { #expect(code(Array(good[..<count])) == 2) }
        #expect(code(good + [0]) == 2)
        for position in 21..<good.count {
            #expect(code(patched(position, good[position] ^ 0x40, fixChecksum: false)) == 2)
        }
        #expect(code(patched(16, 1)) == 43)
        #expect(code(patched(22, 0x20)) == 87, "control batch")
        #expect(code(patched(22, 0x10)) == 87, "transactional without a producer")
        #expect(code(patched(22, 7)) == 87, "unknown codec")
        #expect(code(patched(26, 5)) == 87, "record count and last offset delta differ")
        #expect(code(patched(60, 0)) == 87, "no records")
        #expect(code(try batch([String(repeating: "z", count: 3000)])) == 10)
        #expect(code(good) == 0)
        #expect(code(good + good) == 0)
        #expect(partition.logEndOffset == 6)
        settings.isCompacted = true
        partition.update(settings: settings)
        var keyless = RecordBatchBuilder(baseTimestamp: 1)
        keyless.add(key: [1], value: nil, timestamp: 1)
        keyless.add(key: nil, value: [2], timestamp: 1)
        var writer = ByteWriter()
        try keyless.encode(into: &writer)
        let bytes = Array(writer.bytes)
        #expect(throws: LogError.missingKey(recordIndex: 1)) { try partition.append(bytes) }
        log.close()
    }

    @Test func `a wait for data is called once when the high watermark passes, and not after it is cancelled`()
        async throws
    {
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        await withCheckedContinuation { continuation in
            let wait = partition.whenReadable(beyond: 0) { continuation.resume() }
            #expect(wait != nil)
            let cancelled = partition.whenReadable(beyond: 0) { Issue.record("cancelled wait was called") }
            if let cancelled { partition.cancel(cancelled) }
            #expect(throws: Never.self) { try partition.append(try batch(["a"])) }
        }
        #expect(partition.highWatermark == 1)
        #expect(partition.whenReadable(beyond: 0) { Issue.record("there was nothing to wait for") } == nil)
        log.close()
    }

    @Test func `closing tells those who wait`() async throws {
        let log = try directory()
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        await withCheckedContinuation { continuation in
            _ = partition.whenReadable(beyond: 0) { continuation.resume() }
            log.close()
        }
        #expect(throws: LogError.closed) { try partition.append(try batch(["a"])) }
    }

    /// Without a sync small writes go through the page cache and large ones past it, into the same blocks.
    @Test(arguments: [FlushPolicy.os, .interval(milliseconds: 5), .always])
    func `small and large writes in turn leave what was appended`(flush: FlushPolicy) async throws {
        var settings = PartitionSettings.keeping
        settings.flush = flush
        settings.segmentBytes = 700_000
        let log = try directory(cacheBytes: 32 << 10)
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        var expected: [String] = []
        for index in 0..<120 {
            let value = "\(index)-" + String(repeating: "x", count: index % 3 == 0 ? 50_000 + index : index * 11)
            expected.append(value)
            try await partition.store(try batch([value]))
        }
        #expect(try partition.values() == expected)
        let killed = try home.copy()
        log.close()
        for home in [killed, self.home] {
            let again = try LogDirectory(path: home.path)
            let reopened = try again.open(topic: "t", partition: 0, settings: settings)
            #expect(try reopened.values(maxBytes: 70_000) == expected)
            again.close()
        }
    }

    /// Sizes all over a block: what is reserved behind a file that was cut must be whole blocks, or direct writes fail.
    @Test(arguments: (0..<12).map { 33_000 + 1371 * $0 })
    func `direct writes go on behind a file of any size`(size: Int) async throws {
        let events = EventRecorder()
        for run in 0..<3 {
            let log = try LogDirectory(path: home.path, onEvent: { events.record($0) })
            let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
            if run == 0 { try await partition.store(try batch([String(repeating: "x", count: size)])) }
            for _ in 0..<20 { try await partition.store(try batch(["more"])) }
            #expect(try partition.values().count == 1 + 20 * (run + 1))
            log.close()
        }
        #expect(events.messages.isEmpty)
    }

    @Test func `a removed partition leaves nothing behind for the next of its name`() async throws {
        let log = try directory()
        var partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        for _ in 0..<5 { try await partition.store(try batch(["old"])) }
        _ = try log.deleteRecords(of: partition, before: 3)
        log.maintain()
        try log.remove(topic: "t", partition: 0)
        #expect(throws: (any Error).self) { try partition.append(try batch(["x"])) }
        #expect(log.existing().isEmpty)
        partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        #expect(partition.highWatermark == 0)
        #expect(partition.logStartOffset == 0)
        try await partition.store(try batch(["new"]))
        #expect(try partition.values() == ["new"])
        log.close()
    }
}
