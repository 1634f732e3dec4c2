package import Bytes

/// The codecs of Kafka, with their ids on the wire.
package enum CompressionCodec: UInt8, Sendable, CaseIterable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4

    /// The name that the setting `compression.type` uses.
    package var name: String {
        switch self {
        case .none: "none"
        case .gzip: "gzip"
        case .snappy: "snappy"
        case .lz4: "lz4"
        case .zstd: "zstd"
        }
    }

    /// Appends the compressed form of `bytes` to `writer`.
    ///
    /// Snappy is written raw, lz4 as one frame with a correct header checksum: what every client of message format 2 reads.
    package func compress(_ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) throws(CompressionError) {
        switch self {
        case .none: writer.writeBytes(bytes)
        case .gzip: try Gzip.compress(bytes, into: &writer)
        case .snappy: try Snappy.compress(bytes, into: &writer)
        case .lz4: try LZ4.compress(bytes, into: &writer)
        case .zstd: try Zstd.compress(bytes, into: &writer)
        }
    }

    /// Appends what `bytes` decompress to, and stops with an error instead of writing more than `maximumByteCount` bytes.
    ///
    /// Nothing in the input can trap or make it allocate beyond the bound. After an error the writer holds what was
    /// decompressed so far.
    package func decompress(
        _ bytes: UnsafeRawBufferPointer,
        into writer: inout ByteWriter,
        maximumByteCount: Int
    ) throws(CompressionError) {
        switch self {
        case .none:
            guard bytes.count <= maximumByteCount else { throw .tooLarge(limit: maximumByteCount) }
            writer.writeBytes(bytes)
        case .gzip: try Gzip.decompress(bytes, into: &writer, maximumByteCount: maximumByteCount)
        case .snappy: try Snappy.decompress(bytes, into: &writer, maximumByteCount: maximumByteCount)
        case .lz4: try LZ4.decompress(bytes, into: &writer, maximumByteCount: maximumByteCount)
        case .zstd: try Zstd.decompress(bytes, into: &writer, maximumByteCount: maximumByteCount)
        }
    }
}
