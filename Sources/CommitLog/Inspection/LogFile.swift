import Bytes
import Glibc
package import KafkaProtocol

/// One file of a partition's folder, read without the rest and without changing it.
package struct LogFile: Sendable {
    package enum Kind: String, Sendable {
        case batches = "log"
        case offsetIndex = "index"
        case timeIndex = "timeindex"
        case producers = "snapshot"
        case abortedTransactions = "txnindex"
    }

    /// A row of an offset index.
    package struct IndexEntry: Sendable {
        package let offset: Int64
        package let position: Int64
    }

    /// A row of a time index: no record up to the offset is later.
    package struct TimeEntry: Sendable {
        package let timestamp: Int64
        package let offset: Int64
    }

    /// A row of an index of aborted transactions.
    package struct Aborted: Sendable {
        package let producerID: Int64
        package let firstOffset: Int64
        package let lastOffset: Int64
    }

    package let path: String
    package let kind: Kind
    /// The offset in its name.
    package let baseOffset: Int64

    /// nil for a file that is not a partition's.
    package init?(path: String) {
        self.path = path
        let name = path.split(separator: "/").last ?? ""
        let words = name.split(separator: ".")
        guard words.count >= 2, let base = Int64(words[0]), let last = words.last else { return nil }
        baseOffset = base
        // A compacted segment that is about to take its place.
        guard
            let kind = last == "cleaned" || last == "swap" && words.count == 3 ? .batches : Kind(rawValue: String(last))
        else { return nil }
        self.kind = kind
    }

    /// The topic, as the folder's name says it.
    package var topic: String? {
        let folder = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
        return TopicPartition(directoryName: folder)?.topic
    }

    /// The files that a path names: itself, or those of a partition's folder, or those of all partitions in a directory.
    package static func all(at path: String) throws(LogError) -> [LogFile] {
        guard FileSystem.isDirectory(path) else {
            guard FileSystem.exists(path) else { throw .input(path: path, operation: "open", code: ENOENT) }
            return LogFile(path: path).map { [$0] } ?? []
        }
        var files: [LogFile] = []
        for name in try FileSystem.names(in: path).sorted() {
            let child = "\(path)/\(name)"
            if FileSystem.isDirectory(child), TopicPartition(directoryName: name) != nil {
                files += try all(at: child)
            } else if let file = LogFile(path: child) {
                files.append(file)
            }
        }
        return files
    }

    /// Calls `body` with each whole batch and its position, until it throws or the file ends.
    ///
    /// The bytes are valid inside the call. Reserved space behind the last batch is no damage.
    /// - Throws: `.corruptLog` with the place where the bytes are no batch.
    package func forEachBatch(
        _ body: (RecordBatchHeader, UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws {
        let handle = try FileHandle(path: path, flags: O_RDONLY)
        let size = try handle.byteCount()
        var walker = BatchWalker(handle, baseOffset: baseOffset, limit: size)
        while true {
            let batch: BatchWalker.Batch?
            do throws(LogError) {
                batch = try walker.next()
            } catch {
                if try handle.isZero(from: walker.position, to: size) { return }
                throw error
            }
            guard let batch else { return }
            try body(batch.header, batch.bytes, batch.position)
        }
    }

    package func indexEntries() throws(LogError) -> [IndexEntry] {
        let bytes = try FileSystem.contents(of: path) ?? []
        return bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var entries: [IndexEntry] = []
            while let offset = try? reader.readUInt32(), let position = try? reader.readUInt32() {
                entries.append(IndexEntry(offset: baseOffset + Int64(offset), position: Int64(position)))
            }
            return entries
        }
    }

    package func timeEntries() throws(LogError) -> [TimeEntry] {
        let bytes = try FileSystem.contents(of: path) ?? []
        return bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var entries: [TimeEntry] = []
            while let timestamp = try? reader.readInt64(), let offset = try? reader.readUInt32() {
                entries.append(TimeEntry(timestamp: timestamp, offset: baseOffset + Int64(offset)))
            }
            return entries
        }
    }

    /// The producers of a snapshot, by id.
    package func producers() throws(LogError) -> [ProducerState] {
        guard let table = ProducerSnapshot.decode(try FileSystem.contents(of: path) ?? []) else { throw damaged }
        return table.states
    }

    package func abortedTransactions() throws(LogError) -> [Aborted] {
        guard let entries = AbortedIndex.decode(try FileSystem.contents(of: path) ?? []) else { throw damaged }
        return entries.map {
            Aborted(producerID: $0.producerID, firstOffset: $0.firstOffset, lastOffset: $0.lastOffset)
        }
    }

    private var damaged: LogError { .corruptLog(file: path, position: 0, reason: "its checksum is wrong") }
}
