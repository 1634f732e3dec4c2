package import Compression

/// The attribute bits of a record batch.
package struct RecordBatchAttributes: Equatable, Sendable {
    package var rawValue: Int16

    package init(rawValue: Int16 = 0) { self.rawValue = rawValue }

    /// The codec of the records, nil for an id that nobody has given out.
    package var codec: CompressionCodec? { CompressionCodec(rawValue: UInt8(truncatingIfNeeded: rawValue & 0x07)) }

    /// The batch carries the broker's time: every record has the batch's max timestamp.
    package var isLogAppendTime: Bool { rawValue & 0x08 != 0 }

    package var isTransactional: Bool { rawValue & 0x10 != 0 }

    /// The batch is a transaction marker and holds no user records.
    package var isControl: Bool { rawValue & 0x20 != 0 }

    /// The base timestamp is the time from which the batch's tombstones, or the marker in it, may go (KIP-534).
    package var hasDeleteHorizon: Bool { rawValue & Self.deleteHorizonBit != 0 }

    package static let transactionalBit: Int16 = 0x10
    package static let deleteHorizonBit: Int16 = 0x40
    package static let codecMask: Int16 = 0x07

    package init(
        codec: CompressionCodec,
        isLogAppendTime: Bool = false,
        isTransactional: Bool = false,
        isControl: Bool = false
    ) {
        rawValue = Int16(codec.rawValue)
        if isLogAppendTime { rawValue |= 0x08 }
        if isTransactional { rawValue |= 0x10 }
        if isControl { rawValue |= 0x20 }
    }

    package func with(_ codec: CompressionCodec) -> RecordBatchAttributes {
        RecordBatchAttributes(rawValue: rawValue & ~Self.codecMask | Int16(codec.rawValue))
    }
}
