/// A cursor over bytes that are not ours: every read is checked against what is left, integers are big-endian.
///
/// It borrows: the bytes must stay valid and unchanged as long as the reader, and the slices it hands out, are in use.
/// A failed read throws and leaves the position where it was.
package struct ByteReader {
    /// All the bytes, from the first to the last, whatever the position is.
    package let bytes: UnsafeRawBufferPointer
    /// How many bytes have been read.
    @usableFromInline package var position: Int

    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        position = 0
    }

    /// How many bytes are left.
    @inlinable package var remaining: Int { bytes.count - position }

    @inlinable package var isAtEnd: Bool { position >= bytes.count }

    @inlinable
    mutating package func readInt8() throws(ByteError) -> Int8 { try read(Int8.self) }

    @inlinable
    mutating package func readUInt8() throws(ByteError) -> UInt8 { try read(UInt8.self) }

    @inlinable
    mutating package func readInt16() throws(ByteError) -> Int16 { try read(Int16.self) }

    @inlinable
    mutating package func readUInt16() throws(ByteError) -> UInt16 { try read(UInt16.self) }

    @inlinable
    mutating package func readInt32() throws(ByteError) -> Int32 { try read(Int32.self) }

    @inlinable
    mutating package func readUInt32() throws(ByteError) -> UInt32 { try read(UInt32.self) }

    @inlinable
    mutating package func readInt64() throws(ByteError) -> Int64 { try read(Int64.self) }

    @inlinable
    mutating package func readUInt64() throws(ByteError) -> UInt64 { try read(UInt64.self) }

    @inlinable
    mutating package func readFloat64() throws(ByteError) -> Double { Double(bitPattern: try read(UInt64.self)) }

    /// Reads a big-endian integer of any width.
    @inlinable
    mutating package func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(ByteError) -> T {
        let width = MemoryLayout<T>.size
        guard remaining >= width else { throw .truncated(needed: width, available: remaining) }
        let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
        position += width
        return T(bigEndian: value)
    }

    /// Reads an unsigned variable-length integer of at most five bytes (lengths and tags of flexible messages).
    @inlinable
    mutating package func readUnsignedVarint() throws(ByteError) -> UInt32 {
        let value = try readUnsignedVarint(maximumBytes: 5)
        guard let narrow = UInt32(exactly: value) else { throw .invalidVarint }
        return narrow
    }

    /// Reads a zigzag variable-length integer of at most five bytes.
    @inlinable
    mutating package func readVarint() throws(ByteError) -> Int32 {
        let value = try readUnsignedVarint()
        return Int32(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    /// Reads a zigzag variable-length integer of at most ten bytes.
    @inlinable
    mutating package func readVarlong() throws(ByteError) -> Int64 {
        let value = try readUnsignedVarint(maximumBytes: 10)
        return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    /// Takes the next `count` bytes without a copy.
    @inlinable
    mutating package func readBytes(_ count: Int) throws(ByteError) -> UnsafeRawBufferPointer {
        guard count >= 0 else { throw .negativeLength(count) }
        guard remaining >= count else { throw .truncated(needed: count, available: remaining) }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
        position += count
        return slice
    }

    /// Takes the next `count` bytes as text; refuses what is not UTF-8.
    mutating package func readString(_ count: Int) throws(ByteError) -> String {
        let start = position
        let slice = try readBytes(count)
        guard let text = String(validating: slice, as: UTF8.self) else {
            position = start
            throw .invalidUTF8
        }
        return text
    }

    @inlinable
    mutating package func skip(_ count: Int) throws(ByteError) {
        guard count >= 0 else { throw .negativeLength(count) }
        guard remaining >= count else { throw .truncated(needed: count, available: remaining) }
        position += count
    }

    @inlinable
    mutating func readUnsignedVarint(maximumBytes: Int) throws(ByteError) -> UInt64 {
        var value: UInt64 = 0
        var next = position
        for index in 0..<maximumBytes {
            guard next < bytes.count else { throw .truncated(needed: 1, available: 0) }
            let byte = bytes[next]
            next += 1
            // The tenth byte has room for one bit.
            guard index < 9 || byte <= 1 else { throw .invalidVarint }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte < 0x80 {
                position = next
                return value
            }
        }
        throw .invalidVarint
    }
}
