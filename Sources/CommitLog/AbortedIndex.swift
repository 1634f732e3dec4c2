import Bytes
import Glibc

/// The aborted transactions whose markers lie in one segment, by the marker's offset; `<base>.txnindex` on disk.
///
/// The file is made when there is something to put in it, and again from the batches when it is damaged. Guarded by the
/// partition's lock.
struct AbortedIndex {
    private static let magic: UInt32 = 0x534f_5458  // "SOTX"
    private static let entryByteCount = 32

    /// What the file has, nil when that is not in memory.
    private(set) var stored: [AbortedTransaction]? = []
    /// What the file lacks.
    private(set) var fresh: [AbortedTransaction] = []
    /// The marker of the last one in the file.
    private var lastStoredOffset: Int64 = -1

    /// What a file that was found holds, to be read when it is asked for.
    static let inFile = AbortedIndex(stored: nil)

    init() {}

    private init(stored: [AbortedTransaction]?) { self.stored = stored }

    /// Entries that were read from the file, or made again and to be written.
    init(_ entries: [AbortedTransaction], isStored: Bool) {
        stored = isStored ? entries : []
        fresh = isStored ? [] : entries
        lastStoredOffset = stored?.last?.lastOffset ?? -1
    }

    /// Adds transactions whose markers have become durable; the file may have some already, see `markStored`.
    mutating func append(_ transactions: [AbortedTransaction]) {
        for transaction in transactions where transaction.lastOffset > lastStoredOffset { fresh.append(transaction) }
    }

    /// The file holds exactly these now.
    mutating func markStored(_ entries: [AbortedTransaction]) {
        stored = entries
        lastStoredOffset = entries.last?.lastOffset ?? -1
        fresh.removeAll { $0.lastOffset <= lastStoredOffset }
    }

    /// Takes what was read from the file.
    mutating func load(_ entries: [AbortedTransaction]) {
        stored = entries
        lastStoredOffset = entries.last?.lastOffset ?? -1
    }

    /// Frees the memory of what the file has.
    mutating func unload() {
        if stored?.isEmpty == false { stored = nil }
    }

    static func encode(_ entries: [AbortedTransaction]) -> [UInt8] {
        var writer = ByteWriter(capacity: 12 + entries.count * entryByteCount)
        writer.writeUInt32(magic)
        writer.writeUInt32(0)
        writer.writeInt32(Int32(clamping: entries.count))
        for entry in entries {
            writer.writeInt64(entry.producerID)
            writer.writeInt64(entry.firstOffset)
            writer.writeInt64(entry.lastOffset)
            writer.writeInt64(entry.lastStableOffset)
        }
        writer.patch(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: writer.bytes[8...])), at: 4)
        return Array(writer.bytes)
    }

    /// nil when the bytes are not a whole index.
    static func decode(_ bytes: [UInt8]) -> [AbortedTransaction]? {
        bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            guard bytes.count >= 12, (try? reader.readUInt32()) == magic,
                (try? reader.readUInt32()) == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[8...])),
                let count = try? reader.readInt32(), Int(count) * entryByteCount == reader.remaining
            else { return nil }
            var entries: [AbortedTransaction] = []
            entries.reserveCapacity(Int(count))
            while let producerID = try? reader.readInt64(), let first = try? reader.readInt64(),
                let last = try? reader.readInt64(), let stable = try? reader.readInt64()
            {
                entries.append(
                    AbortedTransaction(
                        producerID: producerID,
                        firstOffset: first,
                        lastOffset: last,
                        lastStableOffset: stable
                    )
                )
            }
            return entries
        }
    }
}
