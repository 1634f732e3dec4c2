import Compression
import Glibc
import KafkaProtocol
import Testing

@testable import CommitLog

@Suite struct VerifierTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory(inMemory: true) }

    /// A closed directory with everything that a partition can have: several segments, indexes, producers, transactions
    /// that were aborted, compacted segments.
    private func fill(close: Bool = true) async throws -> LogDirectory {
        var settings = PartitionSettings.keeping
        settings.segmentBytes = 8000
        settings.indexIntervalBytes = 500
        let directory = try LogDirectory(path: home.path)
        let plain = try directory.open(topic: "plain", partition: 0, settings: settings)
        settings.isCompacted = true
        settings.minCleanableDirtyRatio = 0
        let compacted = try directory.open(topic: "compacted", partition: 0, settings: settings)
        for index in 0..<150 {
            let records = (0..<3).map { ("k\((index * 7 + $0) % 40)", String?.some("value \(index)")) }
            let isTransactional = index % 10 == 3
            for log in [plain, compacted] {
                let bytes = try keyedBatch(
                    records,
                    timestamp: Int64(1000 + index),
                    codec: index % 3 == 0 ? .lz4 : .none,
                    producer: isTransactional ? (9, 0, Int32(index / 10 * 3)) : nil,
                    isTransactional: isTransactional
                )
                try await log.store(bytes)
                if isTransactional { try await log.storeMarker(producerID: 9, epoch: 0, isCommit: index % 20 == 3) }
            }
        }
        directory.clean()
        directory.maintain()
        if close { directory.close() }
        return directory
    }

    private func findings(_ path: String) throws -> [LogFinding] {
        let verifier = try LogVerifier(path: path)
        return try verifier.findings() + verifier.partitions().flatMap { try verifier.verify($0).findings }
    }

    @Test func `a whole directory has nothing wrong, closed or in use`() async throws {
        let directory = try await fill(close: false)
        #expect(try LogVerifier(path: home.path).isInUse)
        #expect(try findings(home.path) == [])
        let killed = try home.copy()
        #expect(try findings(killed.path) == [])
        directory.close()
        let verifier = try LogVerifier(path: home.path)
        #expect(!verifier.isInUse && verifier.wasClosedCleanly)
        #expect(try findings(home.path) == [])
        let reports = try verifier.partitions().map { try verifier.verify($0) }
        #expect(reports.map(\.endOffset) == [465, 465])
        #expect(reports.map(\.recordCount).max() == 465)
        #expect(reports.allSatisfy { $0.segmentCount > 2 && $0.startOffset == 0 })
    }

    @Test func `a flipped bit anywhere is found and its file is named`() async throws {
        _ = try await fill()
        var files: [(path: String, bytes: [UInt8])] = []
        for topic in ["plain-0", "compacted-0"] {
            for name in try FileSystem.names(in: "\(home.path)/\(topic)").sorted() {
                let path = "\(home.path)/\(topic)/\(name)"
                files.append((path, try FileSystem.contents(of: path) ?? []))
            }
        }
        #expect(
            Set(files.map { $0.path.split(separator: ".").last ?? "" }).isSuperset(of: ["log", "index", "timeindex"])
        )
        let total = files.reduce(0) { $0 + $1.bytes.count }
        var random = Seeded(state: 7)
        var missed: [String] = []
        for _ in 0..<2000 {
            var place = Int.random(in: 0..<total, using: &random)
            let index = files.firstIndex { file in
                if place < file.bytes.count { return true }
                place -= file.bytes.count
                return false
            }
            let (path, original) = files[try #require(index)]
            var bytes = original
            let bit = Int.random(in: 0..<8, using: &random)
            bytes[place] ^= 1 << bit
            try TemporaryDirectory.write(bytes, to: path)
            let folder = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
            let verifier = try LogVerifier(path: home.path)
            let report = try verifier.verify(try #require(TopicPartition(directoryName: folder)))
            if !report.findings.contains(where: { $0.file == path || $0.kind == .damage }) {
                missed.append("\(path) byte \(place) bit \(bit)")
            }
            if path.hasSuffix(".log"), !report.isDamaged { missed.append("\(path) byte \(place): no damage") }
            try TemporaryDirectory.write(original, to: path)
        }
        #expect(missed.isEmpty, "\(missed.prefix(10))")
        #expect(try findings(home.path) == [])
    }

    @Test func `missing segments, a cut file and an unfinished write are told apart`() async throws {
        let directory = try await fill(close: false)
        let killed = try home.copy()
        directory.close()
        let folder = "\(killed.path)/plain-0"
        let names = try FileSystem.names(in: folder).filter { $0.hasSuffix(".log") }.sorted()
        let last = "\(folder)/\(try #require(names.last))"
        let bytes = try FileSystem.contents(of: last) ?? []
        // Behind the recovery point: what a power cut may leave of a write that nobody was told of.
        var torn = bytes
        let end = (torn.lastIndex { $0 != 0 } ?? 0) + 1
        if torn.count < end + 200 { torn += [UInt8](repeating: 0, count: end + 200 - torn.count) }
        for index in 0..<100 { torn[end + 1 + index] = 0xaa }
        try TemporaryDirectory.write(torn, to: last)
        #expect(try findings(killed.path).map(\.kind) == [.tail])
        // Below it: damage.
        try TemporaryDirectory.write(Array(bytes[..<70]), to: last)
        #expect(try findings(killed.path).contains { $0.kind == .damage && $0.file == last })
        try TemporaryDirectory.write(bytes, to: last)
        try FileSystem.removeFile("\(folder)/\(names[1])")
        let gap = try findings(killed.path).filter { $0.kind == .damage }
        #expect(gap.map(\.file) == ["\(folder)/\(names[2])"])
        #expect(gap.first?.reason.contains("begins at offset") == true)
        #expect(throws: LogError.self) { try LogVerifier(path: "/nonexistent") }
    }
}
