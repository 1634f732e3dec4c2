import Bytes
import Clocks
import Compression
import Glibc
import KafkaProtocol
import Synchronization
import Testing

@testable import CommitLog

/// A directory of its own under the system's temporary directory, deleted with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    /// `inMemory`: On a file system without a disk, for tests that open many damaged copies.
    init(inMemory: Bool = false) throws {
        let parent = inMemory && FileSystem.isDirectory("/dev/shm") ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/soma-log-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LogError.input(path: "/tmp", operation: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    static func remove(_ path: String) {
        for name in (try? FileSystem.names(in: path)) ?? [] {
            if FileSystem.isDirectory("\(path)/\(name)") {
                remove("\(path)/\(name)")
            } else {
                unlink("\(path)/\(name)")
            }
        }
        rmdir(path)
    }

    /// A copy of all files, to be damaged.
    func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory(inMemory: true)
        try Self.copy(path, to: copy.path)
        return copy
    }

    private static func copy(_ from: String, to target: String) throws {
        for name in try FileSystem.names(in: from) {
            if FileSystem.isDirectory("\(from)/\(name)") {
                try FileSystem.makeDirectory("\(target)/\(name)")
                try copy("\(from)/\(name)", to: "\(target)/\(name)")
            } else {
                let bytes = try FileSystem.contents(of: "\(from)/\(name)") ?? []
                try write(bytes, to: "\(target)/\(name)")
            }
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try FileHandle(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC).write(bytes, at: 0)
    }
}

/// What the log said to the operator.
final class EventRecorder: Sendable {
    private let events = Mutex<[LogEvent]>([])

    var messages: [String] { events.withLock { $0.map(\.message) } }
    func count(_ severity: LogEvent.Severity) -> Int { events.withLock { $0.filter { $0.severity == severity }.count } }
    func record(_ event: LogEvent) { events.withLock { $0.append(event) } }
}

/// One batch of small records; values say which they are.
func batch(
    _ values: [String],
    timestamp: Int64 = 1000,
    codec: CompressionCodec = .none,
    producerID: Int64 = -1,
    epoch: Int16 = -1,
    sequence: Int32 = -1,
    attributes: RecordBatchAttributes? = nil
) throws -> [UInt8] {
    var builder = RecordBatchBuilder(
        baseTimestamp: timestamp,
        attributes: attributes ?? RecordBatchAttributes(codec: codec),
        producerID: producerID,
        producerEpoch: epoch,
        baseSequence: sequence
    )
    for (index, value) in values.enumerated() {
        builder.add(key: Array("k\(index)".utf8), value: Array(value.utf8), timestamp: timestamp + Int64(index))
    }
    var writer = ByteWriter()
    try builder.encode(into: &writer)
    return Array(writer.bytes)
}

extension PartitionSettings {
    /// Records of the tests carry small times, which would all be past any retention.
    static var keeping: PartitionSettings {
        var settings = PartitionSettings()
        settings.retentionMilliseconds = nil
        return settings
    }
}

extension PartitionLog {
    func header(at offset: Int64) throws -> RecordBatchHeader {
        try read(from: offset, maxBytes: 1).joined().withBytes { bytes in try RecordBatchHeader(bytes) }
    }

    @discardableResult
    func append(_ bytes: [UInt8], leaderEpoch: Int32 = 0, origin: AppendOrigin = .client) throws -> AppendResult {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(LogError) in try append(buffer, leaderEpoch: leaderEpoch, origin: origin) }
        }
        return try result.get()
    }

    func durable(_ result: AppendResult) async -> LogError? {
        await withCheckedContinuation { continuation in
            whenDurable(result) { continuation.resume(returning: $0) }
        }
    }

    /// Appends and waits for the disk.
    @discardableResult
    func store(_ bytes: [UInt8], leaderEpoch: Int32 = 0) async throws -> AppendResult {
        let result = try append(bytes, leaderEpoch: leaderEpoch)
        if let error = await durable(result) { throw error }
        return result
    }

    /// All values from an offset on, read in pieces.
    func values(from offset: Int64 = 0, maxBytes: Int = 1 << 20) throws -> [String] {
        var values: [String] = []
        var next = offset
        while next < highWatermark {
            let read = try read(from: next, maxBytes: maxBytes)
            guard !read.isEmpty else { break }
            try next = Self.collect(read, from: next, into: &values)
        }
        return values
    }

    static func collect(_ read: LogRead, from offset: Int64, into values: inout [String]) throws -> Int64 {
        let bytes = read.joined()
        defer { withExtendedLifetime(bytes) {} }
        var position = 0
        var next = offset
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes.bytes[position...])
            let header = try RecordBatchHeader(rest)
            let whole = UnsafeRawBufferPointer(rebasing: rest[..<header.totalByteCount])
            #expect(RecordBatch.hasValidChecksum(whole, header: header))
            try RecordBatch.forEachRecord(in: whole, header: header) { record in
                if record.offset >= offset, let value = record.value {
                    values.append(String(decoding: value, as: UTF8.self))
                }
                return true
            }
            position += header.totalByteCount
            next = header.nextOffset
        }
        return next
    }
}
