import Bytes
import CSnappy

/// Raw snappy blocks, and the framing of the xerial library that Java clients and sarama write.
enum Snappy {
    /// 0x82 "SNAPPY" 0x00, then two version numbers of four bytes each.
    private static let xerialMagic: [UInt8] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
    private static let xerialHeaderByteCount = 16

    static func compress(_ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) throws(CompressionError) {
        try writer.writeInPlace(maximum: snappy_max_compressed_length(bytes.count)) { room throws(CompressionError) in
            var size = room.count
            let source = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let target = room.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard snappy_compress(source, bytes.count, target, &size) == SNAPPY_OK else {
                throw .failed(codec: .snappy, reason: "snappy_compress")
            }
            return size
        }
    }

    static func decompress(
        _ bytes: UnsafeRawBufferPointer,
        into writer: inout ByteWriter,
        maximumByteCount: Int
    ) throws(CompressionError) {
        guard bytes.count >= xerialHeaderByteCount, bytes.prefix(8).elementsEqual(xerialMagic) else {
            return try decompressBlock(bytes, into: &writer, maximumByteCount: maximumByteCount)
        }
        let start = writer.count
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[xerialHeaderByteCount...]))
        while !reader.isAtEnd {
            let block: UnsafeRawBufferPointer
            do throws(ByteError) {
                block = try reader.readBytes(Int(try reader.readInt32()))
            } catch {
                throw .malformed(codec: .snappy, reason: "xerial block: \(error)")
            }
            let left = maximumByteCount - (writer.count - start)
            do throws(CompressionError) {
                try decompressBlock(block, into: &writer, maximumByteCount: left)
            } catch .tooLarge {
                throw .tooLarge(limit: maximumByteCount)
            } catch {
                throw error
            }
        }
    }

    private static func decompressBlock(
        _ bytes: UnsafeRawBufferPointer,
        into writer: inout ByteWriter,
        maximumByteCount: Int
    ) throws(CompressionError) {
        guard !bytes.isEmpty else { throw .malformed(codec: .snappy, reason: "block is empty") }
        let source = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        var size = 0
        guard snappy_uncompressed_length(source, bytes.count, &size) == SNAPPY_OK else {
            throw .malformed(codec: .snappy, reason: "no length")
        }
        // The length is a claim of the sender. Snappy cannot shrink data below about 1/21 of its size, so a claim far
        // beyond that is refused before any memory is taken for it.
        guard size <= maximumByteCount else { throw .tooLarge(limit: maximumByteCount) }
        guard size / 32 <= bytes.count else { throw .malformed(codec: .snappy, reason: "length cannot be true") }
        try writer.writeInPlace(maximum: size) { room throws(CompressionError) in
            var written = room.count
            let target = room.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard snappy_uncompress(source, bytes.count, target, &written) == SNAPPY_OK else {
                throw .malformed(codec: .snappy, reason: "block does not decompress")
            }
            return written
        }
    }
}
