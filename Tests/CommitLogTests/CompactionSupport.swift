import Bytes
import Clocks
import Compression
import KafkaProtocol
import Testing

@testable import CommitLog

/// A record as a reader of the log sees it.
struct SeenRecord: Equatable, CustomStringConvertible {
    let offset: Int64
    let key: String
    let value: String?
    let timestamp: Int64

    var description: String { "\(offset) \(key)=\(value ?? "nil")" }
}

/// All that is in a log: its records and the headers of its batches.
struct LogContent: Equatable {
    var records: [SeenRecord] = []
    var headers: [RecordBatchHeader] = []
    /// Producer and kind of each marker, by offset.
    var markers: [Int64: EndMarker] = [:]

    /// Reads everything through the log's own read calls; offsets must go on without a gap.
    init(_ log: PartitionLog, maxBytes: Int = 1 << 20) throws {
        var next = log.logStartOffset
        while next < log.highWatermark {
            let read = try log.read(from: next, maxBytes: maxBytes)
            let bytes = read.joined()
            defer { withExtendedLifetime(bytes) {} }
            guard !read.isEmpty else {
                Issue.record("nothing is read at offset \(next)")
                return
            }
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes.bytes[position...])
                let header = try RecordBatchHeader(rest)
                let whole = UnsafeRawBufferPointer(rebasing: rest[..<header.totalByteCount])
                #expect(RecordBatch.hasValidChecksum(whole, header: header))
                // A place that was emptied since the last read may begin before what that read reached.
                #expect(header.baseOffset == next || position == 0 && header.baseOffset < next)
                try take(whole, header)
                position += header.totalByteCount
                next = header.nextOffset
            }
        }
    }

    private mutating func take(_ batch: UnsafeRawBufferPointer, _ header: RecordBatchHeader) throws {
        headers.append(header)
        if header.attributes.isControl { markers[header.baseOffset] = EndMarker(batch, header: header) }
        guard !header.attributes.isControl else { return }
        var seen: [SeenRecord] = []
        try RecordBatch.forEachRecord(in: batch, header: header) { record in
            seen.append(
                SeenRecord(
                    offset: record.offset,
                    key: String(decoding: record.key ?? UnsafeRawBufferPointer(start: nil, count: 0), as: UTF8.self),
                    value: record.value.map { String(decoding: $0, as: UTF8.self) },
                    timestamp: record.timestamp
                )
            )
            return true
        }
        #expect(seen.count == Int(header.recordCount))
        records += seen
    }

    /// The last value of each key.
    var table: [String: String?] {
        var table: [String: String?] = [:]
        for record in records { table[record.key] = .some(record.value) }
        return table
    }
}

/// One batch with the given keys; nil values are tombstones.
func keyedBatch(
    _ records: [(key: String, value: String?)],
    timestamp: Int64,
    codec: CompressionCodec = .none,
    producer: (id: Int64, epoch: Int16, sequence: Int32)? = nil,
    isTransactional: Bool = false
) throws -> [UInt8] {
    var builder = RecordBatchBuilder(
        baseTimestamp: timestamp,
        attributes: RecordBatchAttributes(codec: codec, isTransactional: isTransactional),
        producerID: producer?.id ?? -1,
        producerEpoch: producer?.epoch ?? -1,
        baseSequence: producer?.sequence ?? -1
    )
    for (index, record) in records.enumerated() {
        builder.add(
            key: Array(record.key.utf8),
            value: record.value.map { Array($0.utf8) },
            timestamp: timestamp + Int64(index),
            headers: index % 2 == 0 ? [] : [("h", [1, 2])]
        )
    }
    var writer = ByteWriter()
    try builder.encode(into: &writer)
    return Array(writer.bytes)
}

extension LogDirectory {
    /// How far the cleaner came with a partition.
    func firstDirtyOffset(topic: String = "t") throws -> Int64 {
        try Checkpoint.read("\(path)/cleaner-offset-checkpoint")?[TopicPartition(topic: topic, partition: 0)]?.first
            ?? 0
    }
}

extension PartitionLog {
    /// Ends a producer's transaction and waits for the disk.
    func storeMarker(producerID: Int64, epoch: Int16, isCommit: Bool) async throws {
        let result = try appendMarker(
            producerID: producerID,
            producerEpoch: epoch,
            isCommit: isCommit,
            coordinatorEpoch: 0
        )
        if let error = await durable(result) { throw error }
    }

    /// The offsets of all records that a reader of committed records takes, as clients choose them (KIP-98).
    func committedOffsets(maxBytes: Int) throws -> [Int64] {
        var offsets: [Int64] = []
        var next = logStartOffset
        while next < lastStableOffset {
            let read = try read(from: next, maxBytes: maxBytes, isolation: .committed)
            guard !read.isEmpty else { break }
            var pending = read.abortedTransactions.sorted { $0.firstOffset < $1.firstOffset }[...]
            var producers: Set<Int64> = []
            let bytes = read.joined()
            defer { withExtendedLifetime(bytes) {} }
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes.bytes[position...])
                let header = try RecordBatchHeader(rest)
                while let first = pending.first, first.firstOffset <= header.lastOffset {
                    producers.insert(first.producerID)
                    pending.removeFirst()
                }
                let batch = UnsafeRawBufferPointer(rebasing: rest[..<header.totalByteCount])
                if header.attributes.isControl {
                    if EndMarker(batch, header: header)?.isCommit == false { producers.remove(header.producerID) }
                } else if !header.attributes.isTransactional || !producers.contains(header.producerID) {
                    try RecordBatch.forEachRecord(in: batch, header: header) { record in
                        if record.offset >= next { offsets.append(record.offset) }
                        return true
                    }
                }
                position += header.totalByteCount
            }
            next = read.nextOffset
        }
        return offsets
    }
}
