import CLinux
import Clocks
import Glibc
import KafkaProtocol
import Testing

@testable import CommitLog

/// A small file system in memory, mounted for one test; needs root.
final class SmallFileSystem {
    let path: String
    private let home: TemporaryDirectory

    static var isPossible: Bool { geteuid() == 0 && FileSystem.exists("/bin/mount") }

    init(megabytes: Int) throws {
        home = try TemporaryDirectory()
        path = "\(home.path)/full"
        try FileSystem.makeDirectory(path)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw LogError.input(path: path, operation: "mount", code: errno)
        }
    }

    deinit { umount2(path, 2) }
}

@Suite struct FaultTests {
    @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a small file system needs root"))
    func `a full disk refuses appends, keeps what was acknowledged, and goes on when there is space`() async throws {
        let disk = try SmallFileSystem(megabytes: 4)
        let events = EventRecorder()
        let log = try LogDirectory(path: "\(disk.path)/data", onEvent: { events.record($0) })
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 1 << 20
        let partition = try log.open(topic: "t", partition: 0, settings: settings)
        let ballast = "\(disk.path)/ballast"
        try TemporaryDirectory.write([UInt8](repeating: 1, count: 1 << 20), to: ballast)

        var stored: [String] = []
        var sequence: Int32 = 0
        var failures = 0
        while failures < 5 {
            let value = "v\(stored.count)-" + String(repeating: "x", count: 20_000)
            // Several under way at once, so that a failure takes back more than one.
            var appended: [AppendResult] = []
            for part in 0..<3 {
                let bytes = try batch([value + "\(part)"], producerID: 4, epoch: 0, sequence: sequence + Int32(part))
                // Once an earlier one was taken back, this one is out of order.
                if let result = try? partition.append(bytes) { appended.append(result) }
            }
            var kept = 0
            for result in appended {
                guard let error = await partition.durable(result) else {
                    kept += 1
                    continue
                }
                #expect(error.kafkaErrorCode == 56)
            }
            for part in 0..<kept { stored.append(value + "\(part)") }
            sequence += Int32(kept)
            #expect(partition.logEndOffset == Int64(stored.count))
            #expect(try partition.values(from: max(0, Int64(stored.count) - 5)) == Array(stored.suffix(5)))
            failures += kept == 3 ? 0 : 1
        }
        #expect(stored.count > 60)
        #expect(partition.stopReason == nil)

        unlink(ballast)
        for _ in 0..<5 {
            stored.append("after")
            try await partition.store(try batch(["after"], producerID: 4, epoch: 0, sequence: sequence))
            sequence += 1
        }
        #expect(try partition.values() == stored)
        #expect(log.pendingBytes == 0)
        log.close()
        let again = try LogDirectory(path: "\(disk.path)/data", onEvent: { events.record($0) })
        let reopened = try again.open(topic: "t", partition: 0, settings: settings)
        #expect(try reopened.values() == stored)
        #expect(events.count(.error) == 0)
        again.close()
    }

    @Test func `more than may wait for the disk is refused`() throws {
        let home = try TemporaryDirectory()
        var settings = LogDirectorySettings()
        settings.pendingByteLimit = 10_000
        let log = try LogDirectory(path: home.path, settings: settings)
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        let bytes = try batch([String(repeating: "x", count: 4000)])
        var refused: LogError?
        for _ in 0..<10_000 where refused == nil {
            do { try partition.append(bytes) } catch let error as LogError { refused = error }
        }
        #expect(refused?.kafkaErrorCode == 56)
        log.close()
    }

    @Test func `a directory that cannot be written stops the partition and acknowledges nothing`() async throws {
        let home = try TemporaryDirectory()
        let events = EventRecorder()
        let log = try LogDirectory(path: home.path, onEvent: { events.record($0) })
        // A file stands where the partition's directory has to be.
        try TemporaryDirectory.write([1], to: "\(home.path)/t-0")
        let partition = try log.open(topic: "t", partition: 0, settings: .keeping)
        let result = try partition.append(try batch(["a"]))
        let error = try #require(await partition.durable(result))
        #expect(error.kafkaErrorCode == 56)
        #expect(partition.highWatermark == 0)
        #expect(partition.stopReason != nil)
        #expect(events.count(.error) == 1)
        #expect(throws: LogError.self) { try partition.append(try batch(["b"])) }
        log.close()
    }

    @Test(arguments: [FlushPolicy.always, .interval(milliseconds: 20), .os])
    func `many threads append and read, and every acknowledged record is there once, in order`(flush: FlushPolicy)
        async throws
    {
        let home = try TemporaryDirectory()
        let log = try LogDirectory(path: home.path)
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 200_000
        settings.flush = flush
        let partitions = try (0..<3).map { try log.open(topic: "t", partition: Int32($0), settings: settings) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for index in 0..<150 {
                        let partition = partitions[(worker + index) % 3]
                        let value = "\(worker):\(index):" + String(repeating: "w", count: index * 13 % 1500)
                        try await partition.store(try batch([value]))
                    }
                }
            }
            for partition in partitions {
                group.addTask {
                    var next: Int64 = 0
                    var seen: [String] = []
                    while next < 200 {
                        await withCheckedContinuation { continuation in
                            let wait = partition.whenReadable(beyond: next) { continuation.resume() }
                            if wait == nil { continuation.resume() }
                        }
                        next = try PartitionLog.collect(
                            partition.read(from: next, maxBytes: 5000),
                            from: next,
                            into: &seen
                        )
                    }
                    #expect(seen.count == 200)
                }
            }
            group.addTask { for _ in 0..<20 { log.maintain() } }
            try await group.waitForAll()
        }
        let before = try partitions.map { try $0.values() }
        for values in before {
            for worker in 0..<4 {
                let mine = values.filter { $0.hasPrefix("\(worker):") }.compactMap { Int($0.split(separator: ":")[1]) }
                #expect(mine == mine.sorted() && Set(mine).count == mine.count)
            }
        }
        log.close()
        let again = try LogDirectory(path: home.path)
        for (index, values) in before.enumerated() {
            #expect(try again.open(topic: "t", partition: Int32(index), settings: settings).values() == values)
        }
        again.close()
    }
}
