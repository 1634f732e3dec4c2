import CLinux
import Glibc

/// An open file; closed with the last reference, so a reader never sees its descriptor reused.
final class FileHandle: Sendable {
    let descriptor: Int32
    let path: String

    /// Opens a file, never inherited by child processes.
    init(path: String, flags: Int32) throws(LogError) {
        var result: Int32
        repeat { result = open(path, flags | O_CLOEXEC, 0o644) } while result < 0 && errno == EINTR
        guard result >= 0 else { throw .system(path: path, operation: "open", code: errno) }
        descriptor = result
        self.path = path
    }

    deinit { close(descriptor) }

    func byteCount() throws(LogError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path: path, operation: "fstat", code: errno) }
        return Int64(status.st_size)
    }

    /// Fills `buffer` from `position` on; returns less only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(LogError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let got = pread(descriptor, base + done, buffer.count - done, off_t(position) + off_t(done))
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .system(path: path, operation: "pread", code: errno) }
            if got == 0 { break }
            done += got
        }
        return done
    }

    /// Writes all bytes, going on after short writes.
    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(LogError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let put = pwrite(descriptor, base + done, bytes.count - done, off_t(position) + off_t(done))
            if put < 0 && errno == EINTR { continue }
            guard put >= 0 else { throw .system(path: path, operation: "pwrite", code: errno) }
            guard put > 0 else { throw .system(path: path, operation: "pwrite", code: EIO) }
            done += put
        }
    }

    /// Fills an array from `position` on; returns how much of it is filled.
    func read(into array: inout [UInt8], at position: Int64) throws(LogError) -> Int {
        let result = array.withUnsafeMutableBytes { buffer in
            Result { () throws(LogError) in try read(into: buffer, at: position) }
        }
        return try result.get()
    }

    /// Whether nothing but zeros, or nothing at all, is in a stretch of the file.
    func isZero(from position: Int64, to end: Int64) throws(LogError) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var next = position
        while next < end {
            let count = min(try read(into: &bytes, at: next), Int(min(end - next, 1 << 16)))
            guard count > 0 else { return true }
            guard bytes[..<count].allSatisfy({ $0 == 0 }) else { return false }
            next += Int64(count)
        }
        return true
    }

    /// Writes an array.
    func write(_ array: [UInt8], at position: Int64) throws(LogError) {
        let result = array.withUnsafeBytes { buffer in
            Result { () throws(LogError) in try write(buffer, at: position) }
        }
        try result.get()
    }

    /// Writes several buffers one behind the other, with as few calls as the system allows.
    ///
    /// `vectors`: Used up: a short write moves its first entries.
    func write(_ vectors: inout [iovec], at position: Int64) throws(LogError) {
        var first = 0
        var next = position
        while first < vectors.count {
            let count = min(vectors.count - first, 512)  // the kernel takes up to 1024
            let put = vectors.withUnsafeBufferPointer { all in
                all.baseAddress.map { pwritev(descriptor, $0 + first, Int32(count), off_t(next)) } ?? 0
            }
            if put < 0 && errno == EINTR { continue }
            guard put >= 0 else { throw .system(path: path, operation: "pwritev", code: errno) }
            guard put > 0 else { throw .system(path: path, operation: "pwritev", code: EIO) }
            next += Int64(put)
            var rest = put
            while first < vectors.count, rest >= vectors[first].iov_len {
                rest -= vectors[first].iov_len
                first += 1
            }
            if rest > 0 {
                vectors[first].iov_base += rest
                vectors[first].iov_len -= rest
            }
        }
    }

    /// Makes the file's bytes and size durable.
    func sync() throws(LogError) {
        guard fdatasync(descriptor) == 0 else { throw .system(path: path, operation: "fdatasync", code: errno) }
    }

    func truncate(to size: Int64) throws(LogError) {
        var result: Int32
        repeat { result = ftruncate(descriptor, off_t(size)) } while result != 0 && errno == EINTR
        guard result == 0 else { throw .system(path: path, operation: "ftruncate", code: errno) }
    }

    /// Reserves space and makes the file that large, zeros at its end; false where the file system cannot.
    func allocate(from position: Int64, to end: Int64) throws(LogError) -> Bool {
        var result: Int32
        repeat {
            result = soma_fallocate(descriptor, 0, off_t(position), off_t(end - position))
        } while result != 0 && errno == EINTR
        if result == 0 { return true }
        if errno == EOPNOTSUPP || errno == ENOSYS { return false }
        throw .system(path: path, operation: "fallocate", code: errno)
    }
}

extension LogError {
    /// Sorts an error number: a full disk and a lack of descriptors pass, the rest does not.
    static func system(path: String, operation: String, code: Int32) -> LogError {
        switch code {
        case ENOSPC, EDQUOT: .storageFull(path: path)
        case EMFILE, ENFILE: .tooManyFiles(path: path)
        default: .input(path: path, operation: operation, code: code)
        }
    }
}
