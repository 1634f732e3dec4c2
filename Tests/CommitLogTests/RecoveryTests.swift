import Bytes
import Clocks
import Glibc
import KafkaProtocol
import Testing

@testable import CommitLog

@Suite struct RecoveryTests {
    private let home: TemporaryDirectory
    private static let logName = "t-0/00000000000000000000.log"

    init() throws { home = try TemporaryDirectory() }

    private func open(
        _ home: TemporaryDirectory,
        settings: PartitionSettings = .keeping,
        events: EventRecorder = EventRecorder()
    ) throws -> (LogDirectory, PartitionLog) {
        var directory = LogDirectorySettings()
        directory.writerThreads = 1
        let log = try LogDirectory(path: home.path, settings: directory, onEvent: { events.record($0) })
        return (log, try log.open(topic: "t", partition: 0, settings: settings))
    }

    /// Values of a log that was written and never closed, and the position behind each of its batches.
    private func write(
        _ count: Int,
        settings: PartitionSettings = .keeping,
        maintain: Bool = false
    ) async throws -> (copy: TemporaryDirectory, values: [String], ends: [Int]) {
        let (log, partition) = try open(home, settings: settings)
        var values: [String] = []
        var ends: [Int] = []
        for index in 0..<count {
            let parts = (0...(index % 3)).map { "value \(index).\($0)" }
            values += parts
            let bytes = try batch(parts, timestamp: Int64(1000 + index))
            ends.append((ends.last ?? 0) + bytes.count)
            try await partition.store(bytes)
        }
        if maintain { log.maintain() }
        let copy = try home.copy()
        log.close()
        return (copy, values, ends)
    }

    @Test func `after a kill everything acknowledged is there`() async throws {
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 4000
        let (copy, values, _) = try await write(200, settings: settings)
        let events = EventRecorder()
        let (log, partition) = try open(copy, settings: settings, events: events)
        #expect(!log.wasClosedCleanly)
        #expect(try partition.values() == values)
        #expect(partition.segmentCount > 3)
        try await partition.store(try batch(["more"]))
        #expect(try partition.values() == values + ["more"])
        #expect(events.messages.isEmpty)
        log.close()
    }

    @Test func `a last segment cut at any byte of its last batches keeps the longest whole prefix`() async throws {
        let (copy, values, ends) = try await write(8)
        let bytes = try #require(try FileSystem.contents(of: "\(copy.path)/\(Self.logName)"))
        for size in ends[4]..<(ends[7] + 10) {
            let torn = try copy.copy()
            try TemporaryDirectory.write(Array(bytes[..<size]), to: "\(torn.path)/\(Self.logName)")
            let (log, partition) = try open(torn)
            let whole = ends.filter { $0 <= size }.count
            let count = (0..<whole).reduce(0) { $0 + 1 + $1 % 3 }
            #expect(try partition.values() == Array(values[..<count]), "cut at \(size)")
            if size % 16 == 0 {
                try await partition.store(try batch(["more"]))
                #expect(try partition.values() == values[..<count] + ["more"], "cut at \(size)")
            }
            log.close()
        }
    }

    static let tails: [(name: String, bytes: [UInt8])] = [
        ("zeros", [UInt8](repeating: 0, count: 10_000)),
        ("ones", [UInt8](repeating: 0xff, count: 10_000)),
        ("text", Array("not a batch at all, but long enough to be taken for a header of one, perhaps".utf8)),
        ("half a block", [UInt8](repeating: 0, count: 2000) + [1, 2, 3]),
    ]

    @Test(arguments: tails.indices)
    func `rubbish behind the last batch is cut off`(tail: Int) async throws {
        let (copy, values, ends) = try await write(5)
        let path = "\(copy.path)/\(Self.logName)"
        let bytes = try #require(try FileSystem.contents(of: path))
        let (name, rubbish) = Self.tails[tail]
        try TemporaryDirectory.write(Array(bytes[..<ends[4]]) + rubbish, to: path)
        let (log, partition) = try open(copy)
        #expect(try partition.values() == values, "\(name)")
        try await partition.store(try batch(["more"]))
        log.close()
        let (again, reopened) = try open(copy)
        #expect(try reopened.values() == values + ["more"], "\(name)")
        again.close()
    }

    @Test func `the log written twice in a row is cut where offsets start again`() async throws {
        let (copy, values, ends) = try await write(5)
        let path = "\(copy.path)/\(Self.logName)"
        let bytes = try #require(try FileSystem.contents(of: path))
        try TemporaryDirectory.write(Array(bytes[..<ends[4]]) + Array(bytes[..<ends[4]]), to: path)
        let (log, partition) = try open(copy)
        #expect(try partition.values() == values)
        log.close()
    }

    @Test func `damage below the recovery point stops the partition and names the place`() async throws {
        let (copy, _, ends) = try await write(6, maintain: true)
        let path = "\(copy.path)/\(Self.logName)"
        let bytes = try #require(try FileSystem.contents(of: path))
        try TemporaryDirectory.write(Array(bytes[..<(ends[3] + 20)]), to: path)
        let events = EventRecorder()
        let (log, partition) = try open(copy, events: events)
        let reason = try #require(partition.stopReason)
        #expect("\(reason)".contains(path) && "\(reason)".contains("byte \(ends[3])"), "\(reason)")
        #expect(events.count(.error) == 1)
        #expect(throws: reason) { try partition.read(from: 0, maxBytes: 100) }
        #expect(throws: reason) { try partition.append(try batch(["x"])) }
        #expect(partition.unreadableReason == reason, "its end must not be told as 0")
        #expect(try FileSystem.byteCount(of: path) == Int64(ends[3] + 20), "the file is left for inspection")
        log.close()
    }

    @Test func `one flipped bit of a checkpoint is noticed`() throws {
        let values = [TopicPartition(topic: "t", partition: 3): [Int64(41), 1]]
        try Checkpoint.write(values, to: "\(home.path)/points", directory: home.path)
        let bytes = try #require(try FileSystem.contents(of: "\(home.path)/points"))
        #expect(Checkpoint.decode(bytes) == values)
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            let found = Checkpoint.decode(flipped)
            #expect(found == nil || found == values, "bit \(bit)")
        }
        #expect(Checkpoint.decode(Array("0\n1\nt 3 41 1\n".utf8)) == values, "the form without a checksum")
        try TemporaryDirectory.write(Array("1\n1\nt 3 4\n".utf8), to: "\(home.path)/log-start-offset-checkpoint")
        #expect(throws: LogError.self) { try LogDirectory(path: home.path) }
    }

    @Test func `a segment that is gone stops the partition`() async throws {
        let (copy, _, _) = try await write(6, maintain: true)
        unlink("\(copy.path)/\(Self.logName)")
        let (log, partition) = try open(copy)
        #expect("\(partition.stopReason, default: "none")".contains("segments are gone"))
        log.close()
    }

    @Test func `a flipped bit is noticed or changes nothing`() async throws {
        let (log, partition) = try open(home)
        var values: [String] = []
        for index in 0..<40 {
            values.append("value \(index)")
            try await partition.store(try batch(["value \(index)"]))
        }
        log.close()
        let path = "\(home.path)/\(Self.logName)"
        let bytes = try #require(try FileSystem.contents(of: path))
        var random = Seeded(state: 7)
        let header = (0..<(61 * 8)).map { ($0 / 8, $0 % 8) }
        let places =
            header
            + (0..<300).map { _ in
                (Int.random(in: 0..<bytes.count, using: &random), Int.random(in: 0..<8, using: &random))
            }
        for (place, bit) in places {
            let copy = try home.copy()
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(bit)
            try TemporaryDirectory.write(damaged, to: "\(copy.path)/\(Self.logName)")
            let (log, partition) = try open(copy)
            #expect(partition.highWatermark == 40)
            var read: [String] = []
            var error: LogError?
            do { read = try partition.values(maxBytes: 300) } catch let caught as LogError { error = caught }
            if let error {
                #expect("\(error)".contains(Self.logName), "byte \(place) bit \(bit): \(error)")
            } else {
                #expect(read == values, "byte \(place) bit \(bit)")
            }
            log.close()
        }
    }

    @Test(arguments: 0..<32 as Range<UInt64>)
    func `damaged, missing and foreign index files are made again`(seed: UInt64) async throws {
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 20_000
        settings.indexIntervalBytes = 500
        let (log, partition) = try open(home, settings: settings)
        var values: [String] = []
        for index in 0..<150 {
            let value = "value \(index) " + String(repeating: "z", count: 200)
            values.append(value)
            try await partition.store(try batch([value], timestamp: Int64(index)))
        }
        let unclean = try home.copy()
        log.close()
        var random = Seeded(state: seed)
        for copy in [try home.copy(), unclean] {
            for name in try FileSystem.names(in: "\(copy.path)/t-0")
            where name.hasSuffix("index") || name.hasSuffix("snapshot") {
                let path = "\(copy.path)/t-0/\(name)"
                var bytes = try FileSystem.contents(of: path) ?? []
                switch random.next() % 5 {
                case 0: unlink(path)
                case 1: try TemporaryDirectory.write([], to: path)
                case 2:
                    try TemporaryDirectory.write(
                        (0..<64).map { _ in UInt8(truncatingIfNeeded: random.next()) },
                        to: path
                    )
                case 3: try TemporaryDirectory.write(Array(bytes.dropLast(Int(random.next() % 20))), to: path)
                default:
                    if !bytes.isEmpty { bytes[Int(random.next() % UInt64(bytes.count))] ^= 0x11 }
                    try TemporaryDirectory.write(bytes, to: path)
                }
            }
            let (log, partition) = try open(copy, settings: settings)
            #expect(partition.stopReason == nil)
            for offset in stride(from: 0, to: 150, by: 13) {
                #expect(try partition.values(from: Int64(offset), maxBytes: 3000) == Array(values[offset...]))
            }
            log.close()
        }
    }

    @Test func `producers are remembered over a kill and over an orderly stop`() async throws {
        let (log, partition) = try open(home)
        let second = try batch(["b"], producerID: 9, epoch: 0, sequence: 1)
        try await partition.store(try batch(["a"], producerID: 9, epoch: 0, sequence: 0))
        try await partition.store(second)
        let killed = try home.copy()
        log.close()
        for copy in [killed, home] {
            let (log, partition) = try open(copy)
            let again = try partition.append(second)
            #expect(again.isDuplicate && again.baseOffset == 1)
            #expect(throws: LogError.outOfOrderSequence(producerID: 9, expected: 2, got: 5)) {
                try partition.append(try batch(["x"], producerID: 9, epoch: 0, sequence: 5))
            }
            #expect(try await partition.store(try batch(["c"], producerID: 9, epoch: 0, sequence: 2)).baseOffset == 2)
            log.close()
        }
    }

    @Test func `a log start that was moved stays moved`() async throws {
        let (copy, values, _) = try await write(10)
        let (log, partition) = try open(copy)
        #expect(try log.deleteRecords(of: partition, before: 5) == 5)
        #expect(throws: LogError.self) { try log.deleteRecords(of: partition, before: 1000) }
        let killed = try copy.copy()
        log.close()
        let (again, reopened) = try open(killed)
        #expect(reopened.logStartOffset == 5)
        #expect(throws: LogError.self) { try reopened.read(from: 4, maxBytes: 100) }
        #expect(try reopened.values(from: 5) == Array(values[5...]))
        again.close()
    }

    @Test func `a second process is refused and told the directory`() throws {
        let (log, _) = try open(home)
        #expect(throws: LogError.directoryInUse(path: home.path)) { try LogDirectory(path: home.path) }
        log.close()
        let next = try LogDirectory(path: home.path)
        #expect(next.clusterID == log.clusterID)
        next.close()
    }

    @Test func `a directory of an unknown format is refused`() throws {
        try TemporaryDirectory.write(
            Array("format.version=99\ncluster.id=x\n".utf8),
            to: "\(home.path)/meta.properties"
        )
        #expect(throws: LogError.self) { try LogDirectory(path: home.path) }
    }
}

struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
