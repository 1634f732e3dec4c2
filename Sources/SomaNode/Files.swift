private import CLinux
private import Glibc

/// Small files and folders of the platform's own.
package enum Files {
    /// A call to the file system that failed.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ operation: String, _ path: String, code: Int32 = errno) {
            description = "\(operation) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The bytes of a small file; nil when there is none, a larger file is refused.
    package static func read(_ path: String, bytesMax: Int = 16 << 20) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Failure("open", path)
        }
        defer { close(descriptor) }
        return try readAll(descriptor, path, bytesMax)
    }

    /// The text of a small file; nil when there is none.
    package static func text(_ path: String) throws -> String? {
        try read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Reads a descriptor to its end.
    package static func readAll(_ descriptor: Int32, _ path: String, _ bytesMax: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Failure("read", path)
            }
            guard bytes.count + count <= bytesMax else { throw Failure("read", path, code: EFBIG) }
            bytes.append(contentsOf: block[0..<count])
        }
    }

    /// Writes a file whole or not at all: beside it, synced, then renamed over it.
    package static func write(_ text: String, to path: String, mode: UInt32 = 0o600) throws {
        let beside = "\(path).\(getpid()).new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("create", beside) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            rename(beside, path) == 0
        else {
            let failure = Failure("write", path)
            unlink(beside)
            throw failure
        }
    }

    /// Makes a folder and those above it; one that is there already is fine.
    package static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw Failure("make folder", path)
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw Failure("make folder", path) }
    }

    /// Makes a folder of a fresh name under `/tmp`.
    package static func makeTemporaryFolder() throws -> String {
        var template = Array("/tmp/soma-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("make folder", "/tmp/soma-XXXXXX") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The path from the root, with links followed as far as it exists.
    package static func absolute(_ path: String) -> String {
        var resolved = [CChar](repeating: 0, count: Int(PATH_MAX))
        if realpath(path, &resolved) != nil { return text(resolved) }
        guard !path.hasPrefix("/") else { return path }
        var here = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&here, here.count) != nil else { return path }
        return text(here) + "/" + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path)
    }

    /// Removes a folder and all in it; links are removed and not followed, what cannot be removed stays.
    package static func removeTree(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in names(in: path) { removeTree(path + "/" + name) }
        rmdir(path)
    }

    /// The names in a folder, without the two that every folder has; empty when it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = Glibc.readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Bytes free for us in the file system that holds a path; nil when it cannot be told.
    package static func freeBytes(at path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        )
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
