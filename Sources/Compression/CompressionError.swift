/// Why a codec could not do its work.
package enum CompressionError: Error, Equatable, Sendable {
    /// The input is not what the codec writes, or it is cut.
    case malformed(codec: CompressionCodec, reason: String)
    /// The output would be larger than the caller allows.
    case tooLarge(limit: Int)
    /// The codec itself failed, as when memory is short.
    case failed(codec: CompressionCodec, reason: String)
}

extension CompressionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let codec, let reason): "\(codec.name) data is damaged: \(reason)"
        case .tooLarge(let limit): "data decompresses to more than \(limit) bytes"
        case .failed(let codec, let reason): "\(codec.name) failed: \(reason)"
        }
    }
}
