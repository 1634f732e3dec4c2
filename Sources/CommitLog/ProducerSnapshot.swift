import Bytes

/// The producers of a partition as a file: `<offset>.snapshot` holds what is known from all batches below the offset.
///
/// A cache like the indexes: a damaged or missing one means that more of the log is read on start.
enum ProducerSnapshot {
    private static let magic: UInt32 = 0x534f_5053  // "SOPS"
    private static let version: Int16 = 2

    static func encode(_ table: ProducerTable) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + table.entries.count * 256)
        writer.writeUInt32(magic)
        writer.writeInt16(version)
        writer.writeUInt32(0)
        writer.writeInt32(Int32(clamping: table.entries.count))
        for (id, entry) in table.entries.sorted(by: { $0.key < $1.key }) {
            writer.writeInt64(id)
            writer.writeInt16(entry.epoch)
            writer.writeInt64(entry.lastSeenMilliseconds)
            writer.writeInt64(entry.lastTimestamp)
            writer.writeInt64(entry.transactionStart ?? -1)
            writer.writeInt32(entry.coordinatorEpoch)
            writer.writeInt8(Int8(clamping: entry.batches.count))
            for batch in entry.batches {
                writer.writeInt32(batch.firstSequence)
                writer.writeInt32(batch.lastSequence)
                writer.writeInt64(batch.baseOffset)
                writer.writeInt64(batch.lastOffset)
                writer.writeInt8(batch.checksum == nil ? 0 : 1)
                writer.writeUInt32(batch.checksum ?? 0)
                writer.writeInt64(batch.logAppendTime)
            }
        }
        writer.patch(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: writer.bytes[10...])), at: 6)
        return Array(writer.bytes)
    }

    /// nil when the bytes are not a whole snapshot of a version we know.
    static func decode(_ bytes: [UInt8]) -> ProducerTable? {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count >= 14 else { return nil }
            var reader = ByteReader(bytes)
            do throws(ByteError) {
                guard try reader.readUInt32() == magic, try reader.readInt16() == version,
                    try reader.readUInt32() == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[10...]))
                else { return nil }
                return try decodeEntries(&reader)
            } catch {
                return nil
            }
        }
    }

    private static func decodeEntries(_ reader: inout ByteReader) throws(ByteError) -> ProducerTable {
        var table = ProducerTable()
        for _ in 0..<max(0, try reader.readInt32()) {
            let id = try reader.readInt64()
            var entry = ProducerTable.Entry(
                epoch: try reader.readInt16(),
                batches: [],
                lastSeenMilliseconds: try reader.readInt64(),
                lastTimestamp: try reader.readInt64()
            )
            let start = try reader.readInt64()
            entry.transactionStart = start < 0 ? nil : start
            entry.coordinatorEpoch = try reader.readInt32()
            for _ in 0..<max(0, try reader.readInt8()) {
                let first = try reader.readInt32()
                let last = try reader.readInt32()
                let base = try reader.readInt64()
                let lastOffset = try reader.readInt64()
                let hasChecksum = try reader.readInt8() != 0
                let checksum = try reader.readUInt32()
                entry.batches.append(
                    ProducerTable.Batch(
                        firstSequence: first,
                        lastSequence: last,
                        baseOffset: base,
                        lastOffset: lastOffset,
                        checksum: hasChecksum ? checksum : nil,
                        logAppendTime: try reader.readInt64()
                    )
                )
            }
            table.restore(id, to: entry)
        }
        return table
    }
}
