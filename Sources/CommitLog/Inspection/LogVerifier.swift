import Clocks
import Glibc
import KafkaProtocol

/// Reads a data directory whole and compares it with what the log promises; changes nothing.
///
/// It may run beside a broker that has the directory open: what is not synced yet is left out then.
package struct LogVerifier: Sendable {
    package let path: String
    /// A broker has the directory open.
    package let isInUse: Bool
    package let wasClosedCleanly: Bool

    /// - Throws: `.input` when the directory cannot be read, `.unknownFormat` when a newer program wrote it.
    package init(path: String) throws(LogError) {
        self.path = path
        guard FileSystem.isDirectory(path) else { throw .input(path: path, operation: "opendir", code: ENOENT) }
        try MetaProperties.check(in: path)
        isInUse = try Self.isLocked("\(path)/.lock")
        wasClosedCleanly = FileSystem.exists(LogDirectory.cleanMarker(path))
    }

    private static func isLocked(_ path: String) throws(LogError) -> Bool {
        guard FileSystem.exists(path) else { return false }
        let handle = try FileHandle(path: path, flags: O_RDONLY)
        guard flock(handle.descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(handle.descriptor, LOCK_UN)
        return false
    }

    /// The partitions that have files, sorted.
    package func partitions() throws(LogError) -> [TopicPartition] {
        try FileSystem.names(in: path).compactMap { name in
            FileSystem.isDirectory("\(path)/\(name)") ? TopicPartition(directoryName: name) : nil
        }.sorted()
    }

    /// Files of the directory itself that cannot be read.
    package func findings() throws(LogError) -> [LogFinding] {
        var findings: [LogFinding] = []
        for file in [
            LogDirectory.recoveryPoints(path), LogDirectory.logStarts(path), LogDirectory.cleanMarker(path),
            LogCleaner.checkpoint(path),
        ] where FileSystem.exists(file) {
            if try Checkpoint.read(file) == nil { findings.append(.cache(file, nil, "it is not a checkpoint file")) }
        }
        return findings
    }

    /// Goes through everything a partition has.
    ///
    /// Blocks on the disk for as long as reading all of it takes.
    package func verify(_ partition: TopicPartition) throws(LogError) -> LogReport {
        // Beside a broker files may come and go while they are looked at.
        for _ in 0..<3 {
            var pass = try PartitionVerification(self, partition)
            do throws(LogError) {
                let report = try pass.run()
                if !isInUse || !report.isDamaged { return report }
            } catch .input(_, _, code: ENOENT) where isInUse {
            } catch {
                throw error
            }
        }
        var pass = try PartitionVerification(self, partition)
        return try pass.run()
    }
}

/// One pass over one partition.
private struct PartitionVerification {
    private struct Part {
        let baseOffset: Int64
        let path: String
        let stem: String
    }

    private let directory: String
    private let isInUse: Bool
    /// Everything below is synced.
    private let syncedOffset: Int64
    private let logStart: Int64
    /// The end and the size of the last segment, as the last orderly stop left them.
    private let cleanEnd: [Int64]?
    private var report: LogReport

    init(_ verifier: LogVerifier, _ partition: TopicPartition) throws(LogError) {
        let path = verifier.path
        directory = "\(path)/\(partition)"
        isInUse = verifier.isInUse
        syncedOffset = try Checkpoint.read(LogDirectory.recoveryPoints(path))?[partition]?.first ?? 0
        logStart = try Checkpoint.read(LogDirectory.logStarts(path))?[partition]?.first ?? 0
        cleanEnd = isInUse ? nil : try Checkpoint.read(LogDirectory.cleanMarker(path))?[partition]
        report = LogReport(partition: partition)
    }

    mutating func run() throws(LogError) -> LogReport {
        let names = try FileSystem.names(in: directory)
        let parts = try parts(names)
        report.segmentCount = parts.count
        report.startOffset = max(logStart, parts.first?.baseOffset ?? 0)
        report.endOffset = parts.first?.baseOffset ?? 0
        for (index, part) in parts.enumerated() {
            if index > 0, part.baseOffset != report.endOffset, !report.isDamaged {
                report.findings.append(
                    .damage(part.path, 0, "it begins at offset \(part.baseOffset), \(report.endOffset) is next")
                )
            }
            report.endOffset = part.baseOffset
            try verify(part, isLast: index == parts.count - 1)
        }
        checkEnd(parts.last?.path ?? directory)
        try checkCaches(names)
        return report
    }

    /// The segments, oldest first, as a start would see them.
    private mutating func parts(_ names: [String]) throws(LogError) -> [Part] {
        var parts = names.compactMap { name -> Part? in
            guard let base = PartitionLog.baseOffset(ofLog: name) else { return nil }
            return Part(
                baseOffset: base,
                path: "\(directory)/\(name)",
                stem: "\(directory)/\(Segment.name(base))"
            )
        }
        for name in names where name.hasSuffix(".swap") {
            let words = name.split(separator: ".")
            guard words.count == 3, let base = Int64(words[0]), let end = Int64(words[1]) else { continue }
            parts.removeAll { $0.baseOffset >= base && $0.baseOffset < end }
            parts.append(Part(baseOffset: base, path: "\(directory)/\(name)", stem: "\(directory)/-"))
        }
        return parts.sorted { $0.baseOffset < $1.baseOffset }
    }

    private mutating func verify(_ part: Part, isLast: Bool) throws(LogError) {
        let handle = try FileHandle(path: part.path, flags: O_RDONLY)
        let size = try handle.byteCount()
        var walker = BatchWalker(handle, baseOffset: part.baseOffset, limit: size)
        var index = try IndexCheck(stem: part.stem, baseOffset: part.baseOffset)
        do throws(LogError) {
            while let batch = try walker.next() {
                let header = batch.header
                report.batchCount += 1
                report.recordCount += Int64(max(0, header.recordCount))
                report.endOffset = header.nextOffset
                index.note(header, at: batch.position)
                // Not covered by the checksum; there is one leader, and its epoch never changes.
                if header.leaderEpoch != 0, isSynced(header.baseOffset) {
                    report.findings.append(
                        .damage(part.path, batch.position + 12, "the leader epoch is \(header.leaderEpoch), must be 0")
                    )
                }
            }
            index.finish()
        } catch .corruptLog(_, let position, let reason) {
            if try accept(handle, walker.position, size, isLast: isLast) {
                index.finish()
            } else if isLast, cleanEnd == nil, !isSynced(walker.nextOffset) {
                report.findings.append(.tail(part.path, position, reason))
            } else {
                report.findings.append(.damage(part.path, position, reason))
            }
        } catch {
            throw error
        }
        report.byteCount += walker.position
        if isLast, let cleanEnd, cleanEnd.count == 2, !report.isDamaged,
            walker.position != cleanEnd[1] || report.endOffset != cleanEnd[0]
        {
            report.findings.append(
                .damage(
                    part.path,
                    walker.position,
                    "it ends at offset \(report.endOffset), byte \(walker.position); was closed at \(cleanEnd[0]), \(cleanEnd[1])"
                )
            )
        }
        // Beside a broker its newest entries may not be written, or be ahead of what was read.
        if !isInUse || !isLast { report.findings += index.findings }
    }

    /// Whether only reserved space follows, as behind the end of a segment that takes appends.
    private func accept(
        _ handle: FileHandle,
        _ position: Int64,
        _ size: Int64,
        isLast: Bool
    ) throws(LogError) -> Bool {
        guard isLast || isInUse, cleanEnd == nil else { return false }
        return try handle.isZero(from: position, to: size)
    }

    private func isSynced(_ offset: Int64) -> Bool { cleanEnd != nil || offset < syncedOffset }

    private mutating func checkEnd(_ file: String) {
        guard !report.isDamaged else { return }
        if report.endOffset < syncedOffset {
            report.findings.append(
                .damage(file, nil, "the log ends at offset \(report.endOffset), it was synced up to \(syncedOffset)")
            )
        }
        if logStart > report.endOffset, !isInUse {
            let reason = "the log starts at offset \(logStart), behind its end at \(report.endOffset)"
            report.findings.append(.cache(file, nil, reason))
        }
    }

    private mutating func checkCaches(_ names: [String]) throws(LogError) {
        for name in names.sorted() {
            let file = "\(directory)/\(name)"
            guard name.hasSuffix(".snapshot") || name.hasSuffix(".txnindex"),
                let bytes = try FileSystem.contents(of: file)
            else { continue }
            let isWhole =
                name.hasSuffix(".snapshot") ? ProducerSnapshot.decode(bytes) != nil : AbortedIndex.decode(bytes) != nil
            if !isWhole { report.findings.append(.cache(file, nil, "its checksum is wrong")) }
        }
    }
}
