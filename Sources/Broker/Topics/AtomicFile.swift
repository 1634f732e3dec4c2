internal import CLinux
internal import Glibc

/// A small file that is replaced as a whole: after a crash it has the old bytes or the new ones.
enum AtomicFile {
    /// A file operation that failed.
    struct Failure: Error, CustomStringConvertible {
        let operation: String
        let path: String
        let code: Int32

        var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
    }

    /// Files of this kind are small; a larger one is not ours.
    private static let byteCountMax = 256 << 20

    /// The bytes of the file, nil when there is none.
    static func read(_ path: String) throws(Failure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(operation: "open", path: path, code: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size <= byteCountMax else {
            throw Failure(operation: "read", path: path, code: errno == 0 ? EFBIG : errno)
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let total = bytes.count
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + done }, total - done)
            }
            guard count > 0 else { throw Failure(operation: "read", path: path, code: count == 0 ? EIO : errno) }
            done += count
        }
        return bytes
    }

    /// Replaces the file; on return the new bytes are on disk under its name.
    static func write(
        _ bytes: [UInt8],
        to path: String,
        in directory: String,
        mode: UInt32 = 0o644
    ) throws(Failure) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(operation: "create", path: temporary, code: errno) }
        var done = 0
        var failure: Int32 = 0
        while done < bytes.count, failure == 0 {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count >= 0 { done += count } else if errno != EINTR { failure = errno }
        }
        if failure == 0, fdatasync(descriptor) != 0 { failure = errno }
        close(descriptor)
        if failure == 0, rename(temporary, path) != 0 { failure = errno }
        if failure != 0 {
            unlink(temporary)
            throw Failure(operation: "write", path: path, code: failure)
        }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure(operation: "open", path: directory, code: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Failure(operation: "sync", path: directory, code: errno) }
    }
}
