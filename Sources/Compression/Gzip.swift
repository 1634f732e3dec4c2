import Bytes
import CZlib

/// Gzip members (RFC 1952); several in a row are read as one.
enum Gzip {
    static func compress(_ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) throws(CompressionError) {
        guard let size = UInt32(exactly: bytes.count) else { throw .failed(codec: .gzip, reason: "input over 4 GiB") }
        var stream = z_stream()
        let opened = deflateInit2_(
            &stream,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            15 + 16,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard opened == Z_OK else { throw .failed(codec: .gzip, reason: "deflateInit2: \(opened)") }
        defer { deflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = size
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        try writer.writeInPlace(maximum: bound) { room throws(CompressionError) in
            stream.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(clamping: room.count)
            let state = deflate(&stream, Z_FINISH)
            guard state == Z_STREAM_END else { throw .failed(codec: .gzip, reason: "deflate: \(state)") }
            return room.count - Int(stream.avail_out)
        }
    }

    static func decompress(
        _ bytes: UnsafeRawBufferPointer,
        into writer: inout ByteWriter,
        maximumByteCount: Int
    ) throws(CompressionError) {
        guard let size = UInt32(exactly: bytes.count) else { throw .tooLarge(limit: maximumByteCount) }
        var stream = z_stream()
        let opened = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard opened == Z_OK else { throw .failed(codec: .gzip, reason: "inflateInit2: \(opened)") }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = size
        let start = writer.count
        while true {
            let room = try roomLeft(written: writer.count - start, maximumByteCount: maximumByteCount)
            let availableBefore = stream.avail_in
            var state = Z_OK
            var produced = 0
            writer.writeInPlace(maximum: room) { target in
                stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(clamping: target.count)
                state = inflate(&stream, Z_NO_FLUSH)
                produced = target.count - Int(stream.avail_out)
                return produced
            }
            guard writer.count - start <= maximumByteCount else { throw .tooLarge(limit: maximumByteCount) }
            if state == Z_STREAM_END {
                guard stream.avail_in > 0 else { return }
                guard inflateReset(&stream) == Z_OK else { throw .failed(codec: .gzip, reason: "inflateReset") }
                continue
            }
            guard state == Z_OK, produced > 0 || stream.avail_in < availableBefore else {
                let words = stream.msg.map { String(cString: $0) }
                throw .malformed(codec: .gzip, reason: words ?? "the stream is cut")
            }
        }
    }
}
