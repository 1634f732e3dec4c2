import Bytes
import CLZ4

/// The lz4 frame format; several frames in a row are read as one.
enum LZ4 {
    static func compress(_ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) throws(CompressionError) {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        let bound = LZ4F_compressFrameBound(bytes.count, &preferences)
        try writer.writeInPlace(maximum: bound) { room throws(CompressionError) in
            let size = LZ4F_compressFrame(room.baseAddress, room.count, bytes.baseAddress, bytes.count, &preferences)
            guard LZ4F_isError(size) == 0 else { throw .failed(codec: .lz4, reason: reason(size)) }
            return size
        }
    }

    static func decompress(
        _ bytes: UnsafeRawBufferPointer,
        into writer: inout ByteWriter,
        maximumByteCount: Int
    ) throws(CompressionError) {
        var context: OpaquePointer?
        let opened = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(opened) == 0, let context else { throw .failed(codec: .lz4, reason: reason(opened)) }
        defer { LZ4F_freeDecompressionContext(context) }
        let start = writer.count
        var position = 0
        var hint = 1
        while position < bytes.count || hint != 0 {
            let room = try roomLeft(written: writer.count - start, maximumByteCount: maximumByteCount)
            var consumed = bytes.count - position
            var produced = 0
            try writer.writeInPlace(maximum: room) { target throws(CompressionError) in
                produced = target.count
                let source = bytes.baseAddress.map { $0 + position }
                hint = LZ4F_decompress(context, target.baseAddress, &produced, source, &consumed, nil)
                guard LZ4F_isError(hint) == 0 else { throw .malformed(codec: .lz4, reason: reason(hint)) }
                return produced
            }
            position += consumed
            guard writer.count - start <= maximumByteCount else { throw .tooLarge(limit: maximumByteCount) }
            guard produced > 0 || consumed > 0 else { break }
        }
        guard hint == 0 else { throw .malformed(codec: .lz4, reason: "the last frame is cut") }
    }

    private static func reason(_ code: Int) -> String { String(cString: LZ4F_getErrorName(code)) }
}
