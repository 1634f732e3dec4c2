import Glibc

/// Bytes that no longer change and may be shared by any number of threads; freed with the last reference.
package final class SharedBytes: @unchecked Sendable {  // Sendable holds: nobody writes after init
    private let base: UnsafeMutableRawPointer
    package let count: Int

    /// Takes over memory from `malloc`.
    init(adopting base: UnsafeMutableRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    /// Copies bytes.
    package convenience init(copying bytes: UnsafeRawBufferPointer) {
        let base = allocateBytes(bytes.count)
        if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: bytes.count) }
        self.init(adopting: base, count: bytes.count)
    }

    deinit { free(base) }

    /// Valid as long as this object lives: keep it in a variable while the bytes are in use, or call `withBytes`.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Calls `body` with the bytes and keeps them alive meanwhile.
    package func withBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }
}
