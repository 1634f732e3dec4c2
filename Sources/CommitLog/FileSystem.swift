import CLinux
import Glibc

/// Directory operations, each durable when it returns if it says so.
enum FileSystem {
    /// Makes a directory and those above it that are missing; true when the last one is new.
    @discardableResult
    static func makeDirectory(_ path: String) throws(LogError) -> Bool {
        if mkdir(path, 0o755) == 0 { return true }
        if errno == EEXIST { return false }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw .system(path: path, operation: "mkdir", code: errno)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw .system(path: path, operation: "mkdir", code: errno)
        }
        return true
    }

    /// The names in a directory, without `.` and `..`; empty when the directory does not exist.
    static func names(in path: String) throws(LogError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw .system(path: path, operation: "opendir", code: errno)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The size of a file, nil when there is none.
    static func byteCount(of path: String) throws(LogError) -> Int64? {
        var status = stat()
        if stat(path, &status) == 0 { return Int64(status.st_size) }
        if errno == ENOENT { return nil }
        throw .system(path: path, operation: "stat", code: errno)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes created, renamed and deleted names durable.
    static func syncDirectory(_ path: String) throws(LogError) {
        let handle = try FileHandle(path: path, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(handle.descriptor) == 0 else { throw .system(path: path, operation: "fsync", code: errno) }
    }

    static func rename(_ from: String, to target: String) throws(LogError) {
        guard Glibc.rename(from, target) == 0 else { throw .system(path: from, operation: "rename", code: errno) }
    }

    /// Deletes a file; one that is missing already is no error.
    static func removeFile(_ path: String) throws(LogError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(path: path, operation: "unlink", code: errno) }
    }

    /// Deletes a directory with the files in it.
    static func removeDirectory(_ path: String) throws(LogError) {
        for name in try names(in: path) { try removeFile("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .system(path: path, operation: "rmdir", code: errno) }
    }

    /// The bytes of a small file, nil when there is none.
    static func contents(of path: String) throws(LogError) -> [UInt8]? {
        guard exists(path) else { return nil }
        let handle = try FileHandle(path: path, flags: O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: Int(try handle.byteCount()))
        let got = try handle.read(into: &bytes, at: 0)
        bytes.removeLast(bytes.count - got)
        return bytes
    }

    /// Replaces a small file as a whole, durably: after a crash the old or the new bytes are there.
    static func replace(_ path: String, with bytes: [UInt8], directory: String) throws(LogError) {
        let temporary = path + ".tmp"
        let handle = try FileHandle(path: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try handle.write(bytes, at: 0)
        try handle.sync()
        try rename(temporary, to: path)
        try syncDirectory(directory)
    }
}
