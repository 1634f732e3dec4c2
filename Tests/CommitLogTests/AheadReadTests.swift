import Bytes
import Clocks
import KafkaProtocol
import Synchronization
import Testing

@testable import CommitLog

@Suite struct AheadReadTests {
    private func request(_ offset: Int64, _ maxBytes: Int = 100) -> AheadReads.Request {
        AheadReads.Request(offset: offset, maxBytes: maxBytes, isolation: .uncommitted)
    }

    private func read(_ next: Int64) -> LogRead {
        let owner = TemporaryOwner()
        return LogRead(
            slices: [LogSlice(owner: owner, bytes: UnsafeRawBufferPointer(start: nil, count: 0))],
            byteCount: 1,
            nextOffset: next,
            highWatermark: 0,
            lastStableOffset: 0,
            logStartOffset: 0
        )
    }

    private final class TemporaryOwner {}

    @Test func `all who wait for a read get the one that is made`() {
        var reads = AheadReads()
        guard case .absent = reads.take(request(5), { _ in true }) else { return #expect(Bool(false)) }
        guard case .loading = reads.take(request(5, 7), { _ in true }) else { return #expect(Bool(false)) }
        let waiters = reads.finish(request(5), .success(read(9)), isTaken: false, now: 0)
        #expect(waiters.count == 2)
        // One who came while those were called.
        guard case .loading = reads.take(request(5), { _ in false }) else { return #expect(Bool(false)) }
        let late = reads.finish(request(5), .success(read(9)), isTaken: true, now: 0)
        #expect(late.count == 1)
        _ = reads.finish(request(5), .success(read(9)), isTaken: true, now: 0)
        #expect(reads.isEmpty)
    }

    @Test func `a read that nobody took is there for the next one, for a while`() {
        var reads = AheadReads()
        let (first, second) = (reads.begin(request(5)), reads.begin(request(5, 3)))
        #expect(first && !second)
        _ = reads.finish(request(5), .success(read(9)), isTaken: false, now: 50)
        reads.drop(before: 50)
        guard case .ready(let found) = reads.take(request(5, 3), { _ in true }) else { return #expect(Bool(false)) }
        #expect(found.nextOffset == 9 && reads.isEmpty)
        _ = reads.begin(request(9))
        _ = reads.finish(request(9), .success(read(10)), isTaken: false, now: 60)
        reads.drop(before: 61)
        #expect(reads.isEmpty)
    }

    @Test func `an error is never kept, and few reads are`() {
        var reads = AheadReads()
        _ = reads.begin(request(5))
        _ = reads.finish(request(5), .failure(.closed), isTaken: false, now: 0)
        #expect(reads.isEmpty)
        for offset: Int64 in 0..<40 {
            _ = reads.begin(request(offset))
            _ = reads.finish(request(offset), .success(read(offset + 1)), isTaken: false, now: offset)
        }
        reads.drop(before: 24)
        guard case .absent = reads.take(request(23), { _ in true }) else { return #expect(Bool(false)) }
        guard case .ready = reads.take(request(24), { _ in true }) else { return #expect(Bool(false)) }
    }

    /// Several readers go through data that is not in memory, with all sizes of answers, while it is cut off at the front.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func `readers that never wait for the disk see every batch once, in order`(seed: UInt64) async throws {
        let folder = try TemporaryDirectory()
        var settings = LogDirectorySettings()
        settings.cacheBytes = 0
        settings.usesDirectIO = seed % 2 == 0
        let log = try LogDirectory(path: folder.path, settings: settings)
        defer { log.close() }
        var partitionSettings = PartitionSettings.keeping
        partitionSettings.segmentBytes = 40_000
        let partition = try log.open(topic: "t", partition: 0, settings: partitionSettings)
        var random = SeededGenerator(seed: seed)
        var end: Int64 = 0
        for _ in 0..<150 {
            let count = Int.random(in: 1...20, using: &random)
            let values = (0..<count).map { _ in String(repeating: "v", count: Int.random(in: 1...200, using: &random)) }
            try await partition.store(batch(values))
            end += Int64(count)
        }
        for _ in 0..<3 {
            var next = Int64.random(in: 0..<end, using: &random)
            var isFirst = true
            while next < end {
                let limit = Int.random(in: 0...9000, using: &random)
                let read = try await asyncRead(partition, from: next, maxBytes: limit)
                let headers = try Self.headers(in: read)
                try #require(!headers.isEmpty)
                for (index, header) in headers.enumerated() {
                    if index > 0 || !isFirst { #expect(header.baseOffset == next) }
                    #expect(header.lastOffset >= next)
                    next = header.nextOffset
                }
                isFirst = false
                #expect(read.nextOffset == next && read.highWatermark == end)
                #expect(read.byteCount <= limit || headers.count == 1)
            }
        }
    }

    private static func headers(in read: LogRead) throws -> [RecordBatchHeader] {
        let bytes = read.joined()
        defer { withExtendedLifetime(bytes) {} }
        var headers: [RecordBatchHeader] = []
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes.bytes[position...])
            let header = try RecordBatchHeader(rest)
            headers.append(header)
            position += header.totalByteCount
        }
        #expect(position == bytes.count)
        return headers
    }

    private func asyncRead(_ log: PartitionLog, from offset: Int64, maxBytes: Int) async throws -> LogRead {
        try await withCheckedThrowingContinuation { continuation in
            do {
                let read = try log.read(from: offset, maxBytes: maxBytes) { result in
                    // Somebody else's read ahead may be longer.
                    continuation.resume(with: result.map { $0.prefix(maxBytes) }.mapError { $0 as any Error })
                    return true
                }
                if let read { continuation.resume(returning: read) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
