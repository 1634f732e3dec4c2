import Bytes
import CZstd

/// One zstd frame or several in a row; streamed, because producers often leave out the size of the content.
enum Zstd {
    static func compress(_ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) throws(CompressionError) {
        try writer.writeInPlace(maximum: ZSTD_compressBound(bytes.count)) { room throws(CompressionError) in
            let size = ZSTD_compress(room.baseAddress, room.count, bytes.baseAddress, bytes.count, ZSTD_CLEVEL_DEFAULT)
            guard ZSTD_isError(size) == 0 else { throw .failed(codec: .zstd, reason: reason(size)) }
            return size
        }
    }

    static func decompress(
        _ bytes: UnsafeRawBufferPointer,
        into writer: inout ByteWriter,
        maximumByteCount: Int
    ) throws(CompressionError) {
        guard let stream = ZSTD_createDStream() else { throw .failed(codec: .zstd, reason: "out of memory") }
        defer { ZSTD_freeDStream(stream) }
        // A frame may ask for a window of up to 2 GiB; clients use at most 8 MiB (level 19: 128 MiB with long mode).
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27)
        let start = writer.count
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var frameOpen = true
        while input.pos < input.size || frameOpen {
            let room = try roomLeft(written: writer.count - start, maximumByteCount: maximumByteCount)
            var produced = 0
            let before = input.pos
            try writer.writeInPlace(maximum: room) { target throws(CompressionError) in
                var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                let state = ZSTD_decompressStream(stream, &output, &input)
                guard ZSTD_isError(state) == 0 else { throw .malformed(codec: .zstd, reason: reason(state)) }
                frameOpen = state != 0
                produced = output.pos
                return output.pos
            }
            guard writer.count - start <= maximumByteCount else { throw .tooLarge(limit: maximumByteCount) }
            guard produced > 0 || input.pos > before else { break }
        }
        guard !frameOpen else { throw .malformed(codec: .zstd, reason: "the last frame is cut") }
    }

    private static func reason(_ code: Int) -> String { String(cString: ZSTD_getErrorName(code)) }
}
