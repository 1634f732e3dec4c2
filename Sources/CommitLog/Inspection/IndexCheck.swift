import Bytes
import KafkaProtocol

/// Compares the index files of a segment with its batches, which are shown in order.
struct IndexCheck {
    private let baseOffset: Int64
    private let indexPath: String
    private let timePath: String
    private var entries: [SegmentIndex.Entry]
    private var times: [SegmentIndex.TimeEntry]
    private var nextEntry = 0
    private var nextTime = 0
    private var maxTimestamp: Int64 = -1
    private(set) var findings: [LogFinding] = []

    init(stem: String, baseOffset: Int64) throws(LogError) {
        self.baseOffset = baseOffset
        indexPath = stem + ".index"
        timePath = stem + ".timeindex"
        entries = []
        times = []
        let offsets = try Self.numbers(indexPath, size: SegmentIndex.entryByteCount)
        let stamps = try Self.numbers(timePath, size: SegmentIndex.timeEntryByteCount)
        if offsets == nil { findings.append(.cache(indexPath, nil, "its size is not a whole number of entries")) }
        if stamps == nil { findings.append(.cache(timePath, nil, "its size is not a whole number of entries")) }
        (offsets ?? []).withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            while let offset = try? reader.readUInt32(), let position = try? reader.readUInt32() {
                entries.append(SegmentIndex.Entry(relativeOffset: offset, position: position))
            }
        }
        (stamps ?? []).withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            while let timestamp = try? reader.readInt64(), let offset = try? reader.readUInt32() {
                times.append(SegmentIndex.TimeEntry(timestamp: timestamp, relativeOffset: offset))
            }
        }
    }

    /// nil when the file is not made of whole entries.
    private static func numbers(_ path: String, size: Int) throws(LogError) -> [UInt8]? {
        guard let bytes = try FileSystem.contents(of: path) else { return [] }
        return bytes.count % size == 0 ? bytes : nil
    }

    mutating func note(_ header: RecordBatchHeader, at position: Int64) {
        if header.recordCount > 0 { maxTimestamp = max(maxTimestamp, header.maxTimestamp) }
        while nextEntry < entries.count, Int64(entries[nextEntry].position) <= position {
            let entry = entries[nextEntry]
            if Int64(entry.position) != position || baseOffset + Int64(entry.relativeOffset) != header.baseOffset {
                reportEntry("points at byte \(entry.position) for offset \(baseOffset + Int64(entry.relativeOffset))")
            }
            nextEntry += 1
        }
        while nextTime < times.count, baseOffset + Int64(times[nextTime].relativeOffset) <= header.lastOffset {
            let entry = times[nextTime]
            // Made where a batch begins; the last one of a finished segment where it ends.
            let offset = baseOffset + Int64(entry.relativeOffset)
            if entry.timestamp != maxTimestamp || offset != header.baseOffset && offset != header.lastOffset {
                reportTime("has time \(entry.timestamp) for offset \(baseOffset + Int64(entry.relativeOffset))")
            }
            nextTime += 1
        }
    }

    /// All batches were shown.
    mutating func finish() {
        if nextEntry < entries.count { reportEntry("points behind the last batch") }
        if nextTime < times.count { reportTime("points behind the last batch") }
    }

    /// The first one of a file is enough.
    private mutating func reportEntry(_ words: String) {
        guard !findings.contains(where: { $0.file == indexPath }) else { return }
        let position = Int64(nextEntry * SegmentIndex.entryByteCount)
        findings.append(.cache(indexPath, position, "an entry \(words), where no batch is"))
    }

    private mutating func reportTime(_ words: String) {
        guard !findings.contains(where: { $0.file == timePath }) else { return }
        let position = Int64(nextTime * SegmentIndex.timeEntryByteCount)
        findings.append(.cache(timePath, position, "an entry \(words), which the batches do not say"))
    }
}
