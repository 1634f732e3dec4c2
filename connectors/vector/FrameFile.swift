import Bytes
import Glibc

/// A file that only grows, of frames with a checksum: what a crash tears off is cut off when it is opened.
///
/// A frame is its length (4 bytes, little endian), the CRC-32C of its bytes (4 bytes) and the bytes.
final class FrameFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ operation: String, _ path: String) {
            description = "\(operation) \(path): \(String(cString: strerror(errno)))"
        }

        init(_ description: String) { self.description = description }
    }

    static let frameBytesMax = 64 << 20

    let path: String
    private let descriptor: Int32
    /// Where the next frame goes: the end of what is whole.
    private(set) var length: Int64 = 0

    /// Opens or makes the file and hands out each whole frame in order.
    init(path: String, _ body: ([UInt8]) throws -> Void) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure("open", path) }
        try readFrames(body)
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw Failure("cut", path) }
    }

    deinit { close(descriptor) }

    /// Adds a frame and returns when it is on disk.
    func append(_ payload: [UInt8]) throws {
        guard payload.count <= Self.frameBytesMax else {
            throw Failure("\(path): a frame of \(payload.count) bytes exceeds \(Self.frameBytesMax)")
        }
        var frame: [UInt8] = []
        frame.reserveCapacity(payload.count + 8)
        let checksum = payload.withUnsafeBytes { CRC32C.checksum($0) }
        for word in [UInt32(payload.count), checksum] {
            for shift in [0, 8, 16, 24] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        frame += payload
        var written = 0
        while written < frame.count {
            let count = frame.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + written }, frame.count - written, off_t(length) + written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure("write", path)
            }
            written += count
        }
        guard fdatasync(descriptor) == 0 else { throw Failure("sync", path) }
        length += Int64(frame.count)
    }

    private func readFrames(_ body: ([UInt8]) throws -> Void) throws {
        while let header = read(8, at: length) {
            func word(_ start: Int) -> UInt32 {
                (0..<4).reduce(0) { $0 | UInt32(header[start + $1]) << UInt32($1 * 8) }
            }
            // A tail of zeros, as some file systems leave it after a power cut, would pass for empty frames.
            guard let count = Int(exactly: word(0)), count > 0, count <= Self.frameBytesMax,
                let payload = read(count, at: length + 8),
                payload.withUnsafeBytes({ CRC32C.checksum($0) }) == word(4)
            else { return }
            try body(payload)
            length += Int64(8 + count)
        }
    }

    private func read(_ count: Int, at offset: Int64) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + done }, count - done, off_t(offset) + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }
}
