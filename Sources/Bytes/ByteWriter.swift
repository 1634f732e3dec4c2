import Glibc

/// A growing run of bytes with one owner, written in big-endian order.
///
/// Pass it `inout`, or give the bytes away with `finish()`.
package struct ByteWriter: ~Copyable, @unchecked Sendable {  // Sendable holds: one owner, no shared memory
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// How many bytes have been written.
    @usableFromInline package var count: Int

    package init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = allocateBytes(self.capacity)
        count = 0
    }

    deinit { free(base) }

    /// What has been written; valid until the next call that writes, and not longer than the writer lives.
    @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes room for `extra` more bytes at once.
    @inlinable
    mutating package func reserve(_ extra: Int) {
        if capacity - count < extra { grow(extra) }
    }

    /// Forgets what was written and keeps the memory.
    @inlinable
    mutating package func removeAll() { count = 0 }

    /// Forgets everything after the first `newCount` bytes.
    @inlinable
    mutating package func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "truncate to \(newCount) of \(count)")
        count = newCount
    }

    @inlinable
    mutating package func writeInt8(_ value: Int8) { write(value) }

    @inlinable
    mutating package func writeUInt8(_ value: UInt8) { write(value) }

    @inlinable
    mutating package func writeInt16(_ value: Int16) { write(value) }

    @inlinable
    mutating package func writeUInt16(_ value: UInt16) { write(value) }

    @inlinable
    mutating package func writeInt32(_ value: Int32) { write(value) }

    @inlinable
    mutating package func writeUInt32(_ value: UInt32) { write(value) }

    @inlinable
    mutating package func writeInt64(_ value: Int64) { write(value) }

    @inlinable
    mutating package func writeUInt64(_ value: UInt64) { write(value) }

    @inlinable
    mutating package func writeFloat64(_ value: Double) { write(value.bitPattern) }

    /// Writes an integer of any width in big-endian order.
    @inlinable
    mutating package func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    /// Overwrites an integer that was written before, for lengths and checksums known only at the end.
    @inlinable
    mutating package func patch<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at position: Int) {
        precondition(position >= 0 && position + MemoryLayout<T>.size <= count, "patch at \(position) of \(count)")
        base.storeBytes(of: value.bigEndian, toByteOffset: position, as: T.self)
    }

    @inlinable
    mutating package func writeUnsignedVarint(_ value: UInt32) { writeUnsignedVarlong(UInt64(value)) }

    /// Writes a zigzag variable-length integer.
    @inlinable
    mutating package func writeVarint(_ value: Int32) {
        writeUnsignedVarlong(UInt64(UInt32(bitPattern: (value << 1) ^ (value >> 31))))
    }

    /// Writes a zigzag variable-length integer of 64 bits.
    @inlinable
    mutating package func writeVarlong(_ value: Int64) {
        writeUnsignedVarlong(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    @inlinable
    mutating package func writeBytes(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    package mutating func writeBytes(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { writeBytes($0) }
    }

    /// Writes the UTF-8 of a text, without a length.
    package mutating func writeUTF8(_ text: String) {
        var text = text
        text.withUTF8 { writeBytes(UnsafeRawBufferPointer($0)) }
    }

    /// Lets `body` fill up to `maximum` bytes after the present end; it returns how many it wrote.
    @inlinable
    mutating package func writeInPlace<E: Error>(
        maximum: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        reserve(maximum)
        let written = try body(UnsafeMutableRawBufferPointer(start: base + count, count: maximum))
        precondition(written >= 0 && written <= maximum, "wrote \(written) of \(maximum) bytes")
        count += written
    }

    /// Gives the bytes away, without a copy; the writer is used up.
    package consuming func finish() -> SharedBytes {
        let shared = SharedBytes(adopting: base, count: count)
        discard self
        return shared
    }

    @inlinable
    mutating func writeUnsignedVarlong(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            count += 1
            rest >>= 7
        }
        base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @usableFromInline
    mutating func grow(_ extra: Int) {
        capacity = max(capacity * 2, count + extra)
        guard let moved = realloc(base, capacity) else { fatalError("out of memory: \(capacity) bytes asked") }
        base = moved
    }
}

func allocateBytes(_ count: Int) -> UnsafeMutableRawPointer {
    guard let base = malloc(max(count, 1)) else { fatalError("out of memory: \(count) bytes asked") }
    return base
}
