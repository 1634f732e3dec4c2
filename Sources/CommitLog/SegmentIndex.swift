import Bytes
import Glibc
import KafkaProtocol

/// Sparse indexes of one segment: from offset to position, and from time to offset.
///
/// Entries of the active segment are kept in memory until they are written behind those already in the files; older ones
/// are read back when a lookup needs them. Both files are caches in Kafka's form (8 and 12 bytes an entry, big-endian)
/// and are made again from the segment whenever they are in doubt. Guarded by the partition's lock.
struct SegmentIndex {
    struct Entry: Equatable {
        let relativeOffset: UInt32
        let position: UInt32
    }

    /// No record up to and including `relativeOffset` is later than `timestamp`.
    struct TimeEntry: Equatable {
        let timestamp: Int64
        let relativeOffset: UInt32
    }

    static let entryByteCount = 8
    static let timeEntryByteCount = 12

    /// Entries that are in the files only, or in the files and in `loaded`.
    private(set) var storedCount = 0
    private(set) var storedTimeCount = 0
    /// Entries behind the stored ones.
    private(set) var entries: [Entry] = []
    private(set) var timeEntries: [TimeEntry] = []
    /// The stored entries, when a lookup has asked for them.
    var loaded: Loaded?
    /// The latest time that any entry has, stored ones included: times only rise.
    private var latestTimestamp: Int64 = -1
    private var storedTimestamp: Int64 = -1

    struct Loaded {
        var entries: [Entry]
        var timeEntries: [TimeEntry]
    }

    init() {}

    /// An index whose files hold so many entries, the last with this time.
    init(storedCount: Int, storedTimeCount: Int, latestTimestamp: Int64) {
        self.latestTimestamp = latestTimestamp
        storedTimestamp = latestTimestamp
        self.storedCount = storedCount
        self.storedTimeCount = storedTimeCount
    }

    init(entries: [Entry], timeEntries: [TimeEntry]) {
        self.entries = entries
        self.timeEntries = timeEntries
        latestTimestamp = timeEntries.last?.timestamp ?? -1
    }

    /// Entries are only in memory.
    var isUnstored: Bool { !entries.isEmpty || !timeEntries.isEmpty }

    mutating func append(_ entry: Entry, time: TimeEntry?) {
        entries.append(entry)
        if let time { appendTime(time) }
    }

    mutating func appendTime(_ entry: TimeEntry) {
        guard entry.timestamp > latestTimestamp else { return }
        timeEntries.append(entry)
        latestTimestamp = entry.timestamp
    }

    /// Whether a lookup of this offset needs the stored entries and they are not in memory.
    func mustLoad(for relativeOffset: UInt32) -> Bool {
        guard loaded == nil, storedCount > 0 else { return false }
        guard let first = entries.first else { return true }
        return relativeOffset < first.relativeOffset
    }

    /// Whether a lookup of this time needs the stored entries and they are not in memory.
    func mustLoad(forTimestamp timestamp: Int64) -> Bool {
        guard loaded == nil, storedTimeCount > 0 else { return false }
        guard let first = timeEntries.first else { return true }
        return timestamp <= first.timestamp
    }

    /// The last entry at or before an offset; nil means the segment's beginning.
    func floor(_ relativeOffset: UInt32) -> Entry? {
        let found = Self.last(in: entries) { $0.relativeOffset <= relativeOffset }
        return found ?? Self.last(in: loaded?.entries ?? []) { $0.relativeOffset <= relativeOffset }
    }

    /// The last entry at or before a position; nil means the segment's beginning.
    func floor(position: Int64) -> Entry? {
        let found = Self.last(in: entries) { Int64($0.position) <= position }
        return found ?? Self.last(in: loaded?.entries ?? []) { Int64($0.position) <= position }
    }

    /// The offset from which to look for the first record at or after a time.
    func startOfSearch(forTimestamp timestamp: Int64) -> UInt32 {
        let found =
            Self.last(in: timeEntries) { $0.timestamp < timestamp }
            ?? Self.last(in: loaded?.timeEntries ?? []) { $0.timestamp < timestamp }
        return found?.relativeOffset ?? 0
    }

    /// Forgets entries at or behind a position: the bytes there were taken back.
    mutating func truncate(to position: Int64, relativeOffset: UInt32) {
        while let last = entries.last, Int64(last.position) >= position { entries.removeLast() }
        while let last = timeEntries.last, last.relativeOffset >= relativeOffset {
            timeEntries.removeLast()
            latestTimestamp = timeEntries.last?.timestamp ?? storedTimestamp
        }
    }

    /// Says that the entries in memory up to these counts are in the files now.
    mutating func markStored(entries count: Int, timeEntries timeCount: Int) {
        storedCount += count
        storedTimeCount += timeCount
        if loaded != nil {
            loaded?.entries += entries.prefix(count)
            loaded?.timeEntries += timeEntries.prefix(timeCount)
        }
        if timeCount > 0 { storedTimestamp = timeEntries[timeCount - 1].timestamp }
        entries.removeFirst(count)
        timeEntries.removeFirst(timeCount)
    }

    private static func last<T>(in list: [T], where holds: (T) -> Bool) -> T? {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if holds(list[middle]) { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? list[low - 1] : nil
    }
}

extension SegmentIndex {
    /// Writes entries behind the first `position` ones of an index file.
    static func store(_ entries: ArraySlice<Entry>, in path: String, after count: Int) throws(LogError) {
        var writer = ByteWriter(capacity: entries.count * entryByteCount)
        for entry in entries {
            writer.writeUInt32(entry.relativeOffset)
            writer.writeUInt32(entry.position)
        }
        let handle = try FileHandle(path: path, flags: O_WRONLY | O_CREAT)
        try handle.write(writer.bytes, at: Int64(count * entryByteCount))
    }

    /// Writes entries behind the first `count` ones of a time index file.
    static func store(_ entries: ArraySlice<TimeEntry>, in path: String, after count: Int) throws(LogError) {
        var writer = ByteWriter(capacity: entries.count * timeEntryByteCount)
        for entry in entries {
            writer.writeInt64(entry.timestamp)
            writer.writeUInt32(entry.relativeOffset)
        }
        let handle = try FileHandle(path: path, flags: O_WRONLY | O_CREAT)
        try handle.write(writer.bytes, at: Int64(count * timeEntryByteCount))
    }

    /// The time of the last entry of a time index file; nil when the file is missing, empty or cut.
    static func lastTimestamp(inFile path: String) throws(LogError) -> (count: Int, timestamp: Int64)? {
        let handle: FileHandle
        do throws(LogError) {
            handle = try FileHandle(path: path, flags: O_RDONLY)
        } catch {
            guard case .input(_, _, code: ENOENT) = error else { throw error }
            return nil
        }
        let size = try handle.byteCount()
        guard size >= Int64(timeEntryByteCount), size % Int64(timeEntryByteCount) == 0 else { return nil }
        var last = [UInt8](repeating: 0, count: timeEntryByteCount)
        guard try handle.read(into: &last, at: size - Int64(timeEntryByteCount)) == timeEntryByteCount else {
            return nil
        }
        // Zeros are what a power cut leaves of bytes that were not synced, and retention would act on that time.
        guard last.contains(where: { $0 != 0 }) else { return nil }
        let timestamp = last.withUnsafeBytes { Int64(bigEndian: $0.loadUnaligned(as: Int64.self)) }
        return (Int(size) / timeEntryByteCount, timestamp)
    }

    /// Reads both files; nil when they cannot be what this program wrote for a segment of that size.
    static func load(indexPath: String, timePath: String, segmentByteCount: Int64) throws(LogError) -> Loaded? {
        guard let bytes = try FileSystem.contents(of: indexPath), let times = try FileSystem.contents(of: timePath),
            bytes.count % entryByteCount == 0, times.count % timeEntryByteCount == 0
        else { return nil }
        var result = Loaded(entries: [], timeEntries: [])
        let isOrdered = bytes.withUnsafeBytes { result.readEntries($0, limit: segmentByteCount) }
        let timesAreOrdered = times.withUnsafeBytes { result.readTimes($0) }
        return isOrdered && timesAreOrdered ? result : nil
    }
}

extension SegmentIndex.Loaded {
    fileprivate mutating func readEntries(_ bytes: UnsafeRawBufferPointer, limit: Int64) -> Bool {
        var reader = ByteReader(bytes)
        entries.reserveCapacity(bytes.count / SegmentIndex.entryByteCount)
        while let offset = try? reader.readUInt32(), let position = try? reader.readUInt32() {
            if let last = entries.last, last.relativeOffset >= offset || last.position >= position { return false }
            guard Int64(position) < limit else { return false }
            entries.append(SegmentIndex.Entry(relativeOffset: offset, position: position))
        }
        return true
    }

    fileprivate mutating func readTimes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = ByteReader(bytes)
        timeEntries.reserveCapacity(bytes.count / SegmentIndex.timeEntryByteCount)
        while let timestamp = try? reader.readInt64(), let offset = try? reader.readUInt32() {
            if let last = timeEntries.last, last.timestamp >= timestamp || last.relativeOffset > offset { return false }
            timeEntries.append(SegmentIndex.TimeEntry(timestamp: timestamp, relativeOffset: offset))
        }
        return true
    }
}
