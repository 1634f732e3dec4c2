import CLinux
import Glibc
import KafkaProtocol

/// After a stop that was not orderly: what is above the recovery point is read and checked, and cut at the first batch
/// that is not whole. Damage below it, or too far from the end to come from a torn write, is not ours to cut away: the
/// partition stops and says where.
extension PartitionLog {
    /// A torn write can leave its later blocks without the earlier ones, within one write and one batch.
    private var tornWriteReach: Int64 {
        Self.maximumWriteBytes + Int64(max(settings.maxMessageBytes, 1 << 20)) + (128 << 10)
    }

    func recover(sizes: [Int64], recoveryPoint: Int64) throws(LogError) {
        var index = 0
        while index < segments.count {
            let segment = segments[index]
            let next = index + 1 < segments.count ? segments[index + 1] : nil
            let scan = try scan(segment, fileSize: sizes[index], recoveryPoint: recoveryPoint)
            if next == nil, scan.nextOffset < recoveryPoint {
                throw .corruptLog(
                    file: segment.logPath,
                    position: scan.end,
                    reason: "the log ends at offset \(scan.nextOffset), it was synced up to \(recoveryPoint)"
                )
            }
            if next.map({ scan.nextOffset != $0.baseOffset }) ?? (scan.stop != .endOfFile) {
                let isSynced = next.map { $0.baseOffset <= recoveryPoint } ?? false
                try accept(scan, of: segment, next: next, isSynced: isSynced, fileSize: sizes[index])
                try dropSegments(after: index, gapAt: scan.nextOffset)
            }
            if scan.end < sizes[index] { try cut(segment, to: scan.end) }
            endOffset = scan.nextOffset
            index += 1
        }
    }

    private func scan(_ segment: Segment, fileSize: Int64, recoveryPoint: Int64) throws(LogError) -> SegmentScan.Result
    {
        let loaded = try SegmentIndex.load(
            indexPath: segment.indexPath,
            timePath: segment.timeIndexPath,
            segmentByteCount: fileSize
        )
        let scanner = SegmentScan(
            handle: try segment.reader(),
            baseOffset: segment.baseOffset,
            indexInterval: settings.indexIntervalBytes
        )
        // Entries above the recovery point may point at what is gone.
        let kept = (loaded?.entries ?? []).prefix { Int64($0.relativeOffset) + segment.baseOffset < recoveryPoint }
        if let last = kept.last, let loaded {
            let lastOffset = segment.baseOffset + Int64(last.relativeOffset)
            var scan = try scanner.run(
                from: Int64(last.position),
                nextOffset: lastOffset,
                limit: fileSize,
                verifyFrom: recoveryPoint
            )
            // An entry that points into nothing: perhaps only the index is wrong, so look at the whole segment.
            if scan.nextOffset > lastOffset {
                let times = loaded.timeEntries.prefix {
                    $0.timestamp <= scan.maxTimestamp || $0.relativeOffset <= last.relativeOffset
                }
                scan.maxTimestamp = max(scan.maxTimestamp, times.last?.timestamp ?? -1)
                let newTimes = scan.timeEntries.filter { $0.timestamp > times.last?.timestamp ?? -1 }
                let isStoredWhole = kept.count == loaded.entries.count && scan.entries.isEmpty
                segment.adopt(size: scan.end, fileSize: scan.end, maxTimestamp: scan.maxTimestamp)
                if isStoredWhole && newTimes.isEmpty && times.count == loaded.timeEntries.count {
                    segment.index = SegmentIndex(
                        storedCount: kept.count,
                        storedTimeCount: times.count,
                        latestTimestamp: times.last?.timestamp ?? -1
                    )
                } else {
                    scan.entries = Array(kept) + scan.entries
                    scan.timeEntries = Array(times) + newTimes
                    segment.replaceIndex(with: scan)
                }
                return scan
            }
        }
        let scan = try scanner.run(limit: fileSize, verifyFrom: recoveryPoint)
        segment.adopt(size: scan.end, fileSize: scan.end, maxTimestamp: scan.maxTimestamp)
        segment.replaceIndex(with: scan)
        return scan
    }

    /// Decides whether the end of a scan may be the end of the log.
    private func accept(
        _ scan: SegmentScan.Result,
        of segment: Segment,
        next: Segment?,
        isSynced: Bool,
        fileSize: Int64
    ) throws(LogError) {
        let reason: String
        switch scan.stop {
        case .damage(let words): reason = words
        case .zeros: reason = "zeros follow"
        case .endOfFile: reason = "the file ends"
        }
        // With every write synced, a segment is whole before the next one is begun.
        let isSyncedWrite = settings.flush == .always
        if isSynced || (isSyncedWrite && next != nil) {
            throw .corruptLog(file: segment.logPath, position: scan.end, reason: reason)
        }
        if isSyncedWrite, try hasData(segment, from: scan.end + tornWriteReach, to: fileSize) {
            throw .corruptLog(
                file: segment.logPath,
                position: scan.end,
                reason: "\(reason), and data goes on too far behind it for a torn write"
            )
        }
        guard scan.stop != .zeros || next != nil else { return }
        report(
            .warning,
            "\(segment.logPath) is cut at byte \(scan.end), offset \(scan.nextOffset), where an unfinished write begins: "
                + reason
        )
    }

    private func hasData(_ segment: Segment, from position: Int64, to end: Int64) throws(LogError) -> Bool {
        var next = position
        let handle = try segment.reader()
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
        defer { window.deallocate() }
        while next < end {
            let count = try handle.read(into: window, at: next)
            guard count > 0 else { return false }
            if window[..<count].contains(where: { $0 != 0 }) { return true }
            next += Int64(count)
        }
        return false
    }

    private func dropSegments(after index: Int, gapAt offset: Int64) throws(LogError) {
        for segment in segments[(index + 1)...] {
            report(.warning, "\(segment.logPath) is deleted: the log ends at offset \(offset) before it")
            for path in segment.paths { try FileSystem.removeFile(path) }
        }
        segments.removeSubrange((index + 1)...)
        try FileSystem.syncDirectory(directory)
    }

    private func cut(_ segment: Segment, to size: Int64) throws(LogError) {
        let handle = try FileHandle(path: segment.logPath, flags: O_WRONLY)
        try handle.truncate(to: size)
        try handle.sync()
    }
}
