import Bytes
import Clocks
import Compression
import Glibc
import KafkaProtocol
import Testing

@testable import CommitLog

/// Random work on a compacted topic, beside a model of what readers may see.
private final class CompactionModel {
    let home: TemporaryDirectory
    let clock = ManualClock(wallMilliseconds: 1_000_000)
    let events = EventRecorder()
    var settings = PartitionSettings.keeping
    var random: Seeded
    var keyBytesMax: Int
    private(set) var directory: LogDirectory
    private(set) var log: PartitionLog
    /// Everything that was ever written, and how its transaction ended.
    private var written: [SeenRecord] = []
    private var aborted: Set<Int64> = []
    private var sequences: [Int64: Int32] = [:]
    /// Offsets of the records of transactions that are open, by producer.
    private var open: [Int64: [Int64]] = [:]
    private var markerCount = 0

    init(seed: UInt64) throws {
        home = try TemporaryDirectory(inMemory: true)
        random = Seeded(state: seed)
        settings.isCompacted = true
        settings.segmentBytes = [1500, 4000, 12_000][Int(seed % 3)]
        settings.indexIntervalBytes = 300
        settings.deletesOldSegments = false
        settings.minCleanableDirtyRatio = 0
        settings.deleteRetentionMilliseconds = 10_000
        keyBytesMax = seed % 4 == 0 ? 200 : 1 << 20
        (directory, log) = try Self.open(home.path, clock, settings, keyBytesMax, events)
    }

    private static func open(
        _ path: String,
        _ clock: ManualClock,
        _ settings: PartitionSettings,
        _ keyBytesMax: Int,
        _ events: EventRecorder
    ) throws -> (LogDirectory, PartitionLog) {
        var options = LogDirectorySettings()
        options.writerThreads = 1
        options.cleaner.keyBytesMax = keyBytesMax
        let directory = try LogDirectory(
            path: path,
            settings: options,
            clock: .manual(clock),
            onEvent: { events.record($0) }
        )
        return (directory, try directory.open(topic: "t", partition: 0, settings: settings))
    }

    func restart() throws {
        directory.close()
        (directory, log) = try Self.open(home.path, clock, settings, keyBytesMax, events)
    }

    private func randomRecords() -> [(key: String, value: String?)] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in
            let key = "k\(Int.random(in: 0..<40, using: &random))"
            let isTombstone = Int.random(in: 0..<8, using: &random) == 0
            let value = "v\(written.count)-\(UInt32.random(in: 0...9999, using: &random))"
            return (key, isTombstone ? nil : value)
        }
    }

    func write() async throws {
        let codec = CompressionCodec.allCases.randomElement(using: &random) ?? .none
        let records = randomRecords()
        let kind = Int.random(in: 0..<4, using: &random)
        let id = Int64(
            kind == 0 ? -1 : kind == 1 ? Int.random(in: 1...2, using: &random) : Int.random(in: 10...12, using: &random)
        )
        let sequence = sequences[id] ?? 0
        let result = try await log.store(
            try keyedBatch(
                records,
                timestamp: clock.wallMilliseconds,
                codec: codec,
                producer: id < 0 ? nil : (id, 0, sequence),
                isTransactional: id >= 10
            )
        )
        sequences[id] = sequence + Int32(records.count)
        for (index, record) in records.enumerated() {
            let offset = result.baseOffset + Int64(index)
            let time = clock.wallMilliseconds + Int64(index)
            written.append(SeenRecord(offset: offset, key: record.key, value: record.value, timestamp: time))
            if id >= 10 { open[id, default: []].append(offset) }
        }
    }

    func endTransaction() async throws {
        guard let id = open.keys.sorted().randomElement(using: &random) else { return }
        let isCommit = Bool.random(using: &random)
        try await log.storeMarker(producerID: id, epoch: 0, isCommit: isCommit)
        let offsets = open.removeValue(forKey: id) ?? []
        if !isCommit { aborted.formUnion(offsets) }
        markerCount += 1
    }

    func endAllTransactions() async throws { while !open.isEmpty { try await endTransaction() } }

    /// What a reader sees must be explained by what was written.
    func check(_ log: PartitionLog, cleaned: Int64) throws {
        let content = try LogContent(log, maxBytes: [1, 500, 1 << 20].randomElement(using: &random) ?? 1)
        var left = written[...]
        var last: [String: Int64] = [:]
        for record in written where record.offset < cleaned && !aborted.contains(record.offset) {
            last[record.key] = record.offset
        }
        for record in content.records {
            // Records that were left out on the way to this one were replaced, aborted or deleted.
            while let first = left.first, first.offset < record.offset {
                #expect(mayBeMissing(first, last, cleaned), "\(first) is missing, cleaned to \(cleaned)")
                left.removeFirst()
            }
            #expect(left.first == record)
            left = left.dropFirst()
            if record.offset < cleaned {
                #expect(!aborted.contains(record.offset))
                #expect(last[record.key] == record.offset)
            }
        }
        for record in left { #expect(mayBeMissing(record, last, cleaned), "\(record) is missing") }
        let isOpen = Set(open.values.joined())
        let end = log.lastStableOffset
        #expect(end == isOpen.min() ?? log.highWatermark)
        let committed = content.records.filter { $0.offset < end && !aborted.contains($0.offset) }
        #expect(try log.committedOffsets(maxBytes: 700) == committed.map(\.offset))
        let time = Int64.random(in: 1_000_000...max(1_000_001, clock.wallMilliseconds), using: &random)
        let first = content.records.first { $0.timestamp >= time }
        #expect(try log.offset(forTimestamp: time)?.offset == first?.offset)
    }

    private func mayBeMissing(_ record: SeenRecord, _ last: [String: Int64], _ cleaned: Int64) -> Bool {
        guard record.offset < cleaned else { return false }
        return aborted.contains(record.offset) || last[record.key] != record.offset || record.value == nil
    }

    var writtenCount: Int { written.count }

    func checkAll() throws { try check(log, cleaned: try directory.firstDirtyOffset()) }

    /// A copy as a kill would leave it reads the same.
    func checkCopy() throws {
        let copy = try home.copy()
        let (directory, log) = try Self.open(copy.path, clock, settings, keyBytesMax, events)
        #expect(log.stopReason == nil)
        try check(log, cleaned: try directory.firstDirtyOffset())
        directory.close()
    }

    /// Producers go on where they were, and what they repeat is known.
    func checkProducers() async throws {
        for (id, sequence) in sequences.sorted(by: { $0.key < $1.key }) where id >= 0 {
            let wrong = try keyedBatch(
                [("k", "v")],
                timestamp: 1,
                producer: (id, 0, sequence + 1),
                isTransactional: id >= 10
            )
            #expect(throws: LogError.outOfOrderSequence(producerID: id, expected: sequence, got: sequence + 1)) {
                try self.log.append(wrong)
            }
        }
    }
}

@Suite struct CompactionTests {
    @Test(arguments: 0..<24 as Range<UInt64>)
    func `readers see the last value of each key and everything above the clean part`(seed: UInt64) async throws {
        let model = try CompactionModel(seed: seed)
        for _ in 0..<400 {
            switch Int.random(in: 0..<100, using: &model.random) {
            case 0..<70: try await model.write()
            case 70..<85: try await model.endTransaction()
            case 85..<90: model.clock.advance(milliseconds: Int64.random(in: 1...9000, using: &model.random))
            case 90..<95:
                model.directory.clean()
                try model.checkAll()
            case 95..<97: try model.checkCopy()
            case 97..<98: try model.restart()
            default: try model.checkAll()
            }
        }
        try await model.endAllTransactions()
        model.directory.clean()
        try model.checkAll()
        try await model.checkProducers()
        let cleaned = try model.directory.firstDirtyOffset()
        let content = try LogContent(model.log)
        #expect(cleaned > Int64(model.writtenCount / 2))
        #expect(content.records.count < model.writtenCount / 2)
        // What had to wait for readers that are behind goes without anything new being written.
        // Twice, because a transaction may consist of tombstones.
        for _ in 0..<2 {
            model.clock.advance(milliseconds: 10_001)
            model.directory.clean()
            try model.checkAll()
        }
        let rest = try LogContent(model.log)
        #expect(rest.records.allSatisfy { $0.value != nil || $0.offset >= cleaned })
        var producersWithData: Set<Int64> = []
        for header in rest.headers where header.baseOffset < cleaned && header.attributes.isTransactional {
            if header.attributes.isControl {
                #expect(producersWithData.remove(header.producerID) != nil, "an idle marker at \(header.baseOffset)")
            } else if header.recordCount > 0 {
                producersWithData.insert(header.producerID)
            }
        }
        #expect(try model.log.segmentCount <= LogContent(model.log).headers.count)
        try model.restart()
        try await model.checkProducers()
        try model.checkAll()
        #expect(model.log.stopReason == nil)
        #expect(model.events.messages.isEmpty, "\(model.events.messages)")
        model.directory.close()
    }

    // MARK: - Crashes

    private func open(_ home: TemporaryDirectory, _ settings: PartitionSettings) throws -> (LogDirectory, PartitionLog)
    {
        let directory = try LogDirectory(path: home.path)
        return (directory, try directory.open(topic: "t", partition: 0, settings: settings))
    }

    private static func settings() -> PartitionSettings {
        var settings = PartitionSettings.keeping
        settings.isCompacted = true
        settings.segmentBytes = 4000
        settings.indexIntervalBytes = 300
        settings.minCleanableDirtyRatio = 0
        return settings
    }

    @Test func `a kill at any step of putting a segment in leaves the old ones or the new one`() async throws {
        let home = try TemporaryDirectory(inMemory: true)
        let settings = Self.settings()
        let (directory, log) = try open(home, settings)
        for index in 0..<200 {
            let records = (0..<4).map { ("k\((index * 3 + $0) % 50)", String?.some("v\(index)")) }
            try await log.store(try keyedBatch(records, timestamp: Int64(index), codec: index % 2 == 0 ? .none : .lz4))
        }
        directory.maintain()
        let before = try home.copy()
        let old = try LogContent(log)
        let ends = log.lock.withLock { log.segments.dropFirst().map(\.baseOffset) }
        var wide = settings
        wide.segmentBytes = 13_000
        log.update(settings: wide)
        directory.clean()
        let new = try LogContent(log)
        #expect(new.records.count < old.records.count / 2)
        let names = try FileSystem.names(in: "\(home.path)/t-0").filter { $0.hasSuffix(".log") }.sorted()
        directory.close()
        #expect(names.count < ends.count)
        // The first run of old segments and the file that took their place.
        let end = try #require(names.dropFirst().first.flatMap { Int64($0.dropLast(4)) })
        let replacement = try #require(try FileSystem.contents(of: "\(home.path)/t-0/\(names[0])"))
        var seen = 0
        for isWhole in [false, true] {
            let steps = try swap(in: before.copy(), replacement, end: end).steps.count
            for done in 0...steps {
                let copy = try before.copy()
                let (swap, all) = try swap(in: copy, isWhole ? replacement : Array(replacement.dropLast(7)), end: end)
                if !isWhole && done > 0 { break }
                try SegmentSwap.perform(Array(all.prefix(done)), in: swap.directory)
                let (directory, log) = try open(copy, settings)
                #expect(log.stopReason == nil)
                let content = try LogContent(log)
                let isNew = done > 0
                #expect(content.table == old.table)
                #expect((content.records.count < old.records.count) == isNew)
                #expect(content.records.filter { $0.offset >= end } == old.records.filter { $0.offset >= end })
                let left = try FileSystem.names(in: swap.directory)
                #expect(!left.contains { $0.hasSuffix(".swap") || $0.hasSuffix(".cleaned") })
                try await log.store(try keyedBatch([("more", "v")], timestamp: 5))
                #expect(try LogContent(log).records.count == content.records.count + 1)
                directory.clean()
                #expect(try LogContent(log).table.filter { $0.key != "more" } == old.table)
                directory.close()
                seen += 1
            }
        }
        #expect(seen > 8)
    }

    private func swap(
        in home: TemporaryDirectory,
        _ replacement: [UInt8],
        end: Int64
    ) throws -> (swap: SegmentSwap, steps: [SegmentSwap.Step]) {
        let directory = "\(home.path)/t-0"
        try TemporaryDirectory.write(replacement, to: SegmentSwap.cleanedPath(directory, baseOffset: 0))
        let swap = SegmentSwap(directory: directory, baseOffset: 0, endOffset: end)
        return (
            swap, swap.decision + swap.removal(try FileSystem.names(in: directory)) + swap.placing(hasAborted: false)
        )
    }

    @Test func `a round that is broken off changes nothing, wherever it is`() async throws {
        let home = try TemporaryDirectory(inMemory: true)
        var settings = Self.settings()
        settings.segmentBytes = 1 << 20
        settings.segmentMilliseconds = 1
        let (directory, log) = try open(home, settings)
        for index in 0..<60 {
            try await log.store(try keyedBatch([("k\(index % 7)", "v\(index)")], timestamp: Int64(index)))
        }
        let view = try #require(log.cleanerView(firstDirtyOffset: 0, nextDeleteHorizon: nil, now: 0))
        let plan = try #require(CleanerPlan.decide(view, now: 0))
        let old = try LogContent(log)
        var calls = 0
        var limit = 0
        while true {
            calls = 0
            do throws(LogError) {
                _ = try log.clean(plan, keyBytesMax: 1 << 16, now: 0) { _ throws(LogError) in
                    calls += 1
                    if calls > limit { throw .closed }
                }
                break
            } catch {
                #expect(error == .closed)
            }
            #expect(try LogContent(log) == old)
            #expect(try !FileSystem.names(in: log.directory).contains { $0.hasSuffix(".cleaned") })
            limit += 1
        }
        #expect(limit > 20)
        #expect(try LogContent(log).table == old.table)
        #expect(try LogContent(log).records.count == 7 + old.records.filter { $0.offset >= plan.endOffset }.count)
        directory.close()
    }
}
