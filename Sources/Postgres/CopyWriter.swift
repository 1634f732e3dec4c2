import CLibPQ

/// Encodes rows in COPY's binary form and sends them in blocks.
///
/// Each row is `row(columns:)` followed by exactly that many values.
package struct CopyWriter: ~Copyable {
    /// Large enough that the call per block does not show, small enough to stay in the cache.
    private static let blockBytes = 256 << 10

    private let handle: OpaquePointer
    private let operation: String
    private var buffer: [UInt8] = []
    private var columnsLeft = 0
    private var rowStart: Int?
    package private(set) var rowCount = 0

    init(handle: OpaquePointer, operation: String) {
        self.handle = handle
        self.operation = operation
        buffer.reserveCapacity(Self.blockBytes + 4096)
        buffer.append(contentsOf: [
            0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00,  // signature: PGCOPY\n\377\r\n\0
            0, 0, 0, 0, 0, 0, 0, 0,  // no flags, no header extension
        ])
    }

    package mutating func row(columns: Int) throws(PostgresError) {
        precondition(columnsLeft == 0, "\(columnsLeft) columns of row \(rowCount) are missing")
        precondition(columns > 0 && columns <= 1600, "a row of \(columns) columns")
        if buffer.count >= Self.blockBytes { try flush() }
        columnsLeft = columns
        rowStart = buffer.count
        rowCount += 1
        buffer.append(bigEndian: Int16(columns))
    }

    /// Takes back what was written of the row that `row(columns:)` began last, so that one bad value spoils one row.
    package mutating func discardRow() {
        guard let rowStart else { return }
        buffer.removeLast(buffer.count - rowStart)
        self.rowStart = nil
        columnsLeft = 0
        rowCount -= 1
    }

    package mutating func null() {
        begin()
        buffer.append(bigEndian: Int32(-1))
    }

    package mutating func bool(_ value: Bool) {
        begin()
        buffer.append(bigEndian: Int32(1))
        buffer.append(value ? 1 : 0)
    }

    package mutating func int4(_ value: Int32) {
        begin()
        buffer.append(bigEndian: Int32(4))
        buffer.append(bigEndian: value)
    }

    package mutating func int8(_ value: Int64) {
        begin()
        buffer.append(bigEndian: Int32(8))
        buffer.append(bigEndian: value)
    }

    package mutating func float8(_ value: Double) {
        begin()
        buffer.append(bigEndian: Int32(8))
        buffer.append(bigEndian: value.bitPattern)
    }

    /// Text must not hold a zero byte: PostgreSQL has no form for one, and refuses the whole COPY.
    package mutating func text(_ value: String) throws(PostgresError) { try bytes(value.utf8) }

    package mutating func text(_ value: String?) throws(PostgresError) {
        if let value { try text(value) } else { null() }
    }

    package mutating func bytea(_ value: some Collection<UInt8>) throws(PostgresError) { try bytes(value) }

    package mutating func jsonb(_ value: String) throws(PostgresError) { try jsonb(utf8: value.utf8) }

    package mutating func jsonb(utf8 value: some Collection<UInt8>) throws(PostgresError) {
        begin()
        buffer.append(bigEndian: try length(value.count + 1))
        buffer.append(1)
        buffer.append(contentsOf: value)
    }

    /// Writes a time, in microseconds since 1970-01-01 UTC.
    package mutating func timestamptz(microseconds: Int64) throws(PostgresError) {
        int8(try BinaryForm.timestamp(microseconds))
    }

    package mutating func numeric(_ value: String) throws(PostgresError) {
        try counted { (buffer) throws(PostgresError) in try BinaryForm.appendNumeric(value, to: &buffer) }
    }

    package mutating func uuid(_ value: String) throws(PostgresError) {
        try counted { (buffer) throws(PostgresError) in try BinaryForm.appendUUID(value, to: &buffer) }
    }

    private mutating func begin() {
        precondition(columnsLeft > 0, "more values than columns in row \(rowCount)")
        columnsLeft -= 1
    }

    private mutating func bytes(_ value: some Collection<UInt8>) throws(PostgresError) {
        begin()
        buffer.append(bigEndian: try length(value.count))
        buffer.append(contentsOf: value)
    }

    private mutating func counted(
        _ encode: (inout [UInt8]) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        begin()
        let start = buffer.count
        buffer.append(bigEndian: Int32(0))
        try encode(&buffer)
        let length = try length(buffer.count - start - 4)
        for (index, shift) in [24, 16, 8, 0].enumerated() {
            buffer[start + index] = UInt8(truncatingIfNeeded: length >> Int32(shift))
        }
    }

    private func length(_ count: Int) throws(PostgresError) -> Int32 {
        // The server takes no field over 1 GiB.
        guard count < 1 << 30 else {
            throw PostgresError(.invalidValue, operation: operation, message: "a value of \(count) bytes is too long")
        }
        return Int32(count)
    }

    mutating func finish() throws(PostgresError) {
        precondition(columnsLeft == 0, "\(columnsLeft) columns of row \(rowCount) are missing")
        buffer.append(bigEndian: Int16(-1))
        try flush()
    }

    private mutating func flush() throws(PostgresError) {
        let sent = buffer.withUnsafeBytes { bytes in
            PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard sent == 1 else {
            throw PostgresError(
                .connectionLost,
                operation: operation,
                message: String(cString: PQerrorMessage(handle))
            )
        }
        buffer.removeAll(keepingCapacity: true)
        rowStart = nil
    }
}
