package import Bytes
package import Compression

/// Why bytes are not a record batch that we can take.
package enum RecordBatchError: Error, Equatable, Sendable {
    case truncated(needed: Int, available: Int)
    /// The length field is below the size of an empty batch.
    case invalidLength(Int32)
    /// Message formats 0 and 1 (before Kafka 0.11) are not read.
    case unsupportedMagic(Int8)
    case checksumMismatch(stored: UInt32, computed: UInt32)
    /// The attributes name a codec that does not exist.
    case unknownCodec(Int16)
    /// The records do not fill their space, or not as many are there as the header says.
    case malformedRecords(ByteError)
    case compression(CompressionError)
}

extension RecordBatchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let needed, let available): "record batch is cut: \(needed) bytes needed, \(available) there"
        case .invalidLength(let length): "record batch length is \(length), must be 49 or more"
        case .unsupportedMagic(let magic): "message format is \(magic), must be 2"
        case .checksumMismatch(let stored, let computed):
            "checksum of the record batch is 0x\(String(computed, radix: 16)), stored 0x\(String(stored, radix: 16))"
        case .unknownCodec(let attributes): "compression codec \(attributes & 7) does not exist"
        case .malformedRecords(let cause): "records are malformed: \(cause)"
        case .compression(let cause): "records cannot be decompressed: \(cause)"
        }
    }
}
