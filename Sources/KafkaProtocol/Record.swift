package import Bytes

/// One record inside a batch; its bytes are borrowed from the batch.
package struct Record {
    package let offset: Int64
    /// Milliseconds since 1970; the batch's max timestamp when the log stamps records itself.
    package let timestamp: Int64
    package let key: UnsafeRawBufferPointer?
    package let value: UnsafeRawBufferPointer?
    package let headerCount: Int
    private let headerBytes: UnsafeRawBufferPointer

    /// Reads the next record and moves the reader behind it.
    package init(_ reader: inout ByteReader, header: RecordBatchHeader) throws(ByteError) {
        let length = Int(try reader.readVarint())
        var body = ByteReader(try reader.readBytes(length))
        try body.skip(1)
        let timestampDelta = try body.readVarlong()
        let offsetDelta = try body.readVarint()
        offset = header.baseOffset &+ Int64(offsetDelta)
        timestamp = header.attributes.isLogAppendTime ? header.maxTimestamp : header.baseTimestamp &+ timestampDelta
        key = try Self.readNullableBytes(&body)
        value = try Self.readNullableBytes(&body)
        headerCount = Int(try body.readVarint())
        guard headerCount >= 0 else { throw .negativeLength(headerCount) }
        headerBytes = try body.readBytes(body.remaining)
    }

    /// Calls `body` with each header's name and value, in order, until it returns false.
    package func forEachHeader(
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Bool
    ) throws(ByteError) {
        var reader = ByteReader(headerBytes)
        for _ in 0..<headerCount {
            let name = try reader.readBytes(Int(try reader.readVarint()))
            if !body(name, try Self.readNullableBytes(&reader)) { return }
        }
    }

    private static func readNullableBytes(_ reader: inout ByteReader) throws(ByteError) -> UnsafeRawBufferPointer? {
        let length = Int(try reader.readVarint())
        return length == -1 ? nil : try reader.readBytes(length)
    }
}
