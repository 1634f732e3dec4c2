import CLinux
import Glibc

/// What can be told of a data directory without taking it: for diagnosis, also while a broker runs on it.
///
/// Looks at names, sizes and times only; the one thing it writes is a file of its own, removed at once.
package struct LogDirectoryProbe: Sendable {
    package enum DirectIO: Equatable, Sendable {
        case works
        /// The file system takes no such writes: they go through the page cache, and a sync follows each.
        case refused
        case unknown
    }

    package let path: String
    /// Nil when there is no such directory yet; the rest is then about the one above it that exists.
    package let owner: UInt32?
    /// The error code of a write to it; nil when it can be written.
    package let writeFailure: Int32?
    package let directIO: DirectIO
    /// Bytes that we may still write, and the size of the file system.
    package let freeBytes: Int64
    package let totalBytes: Int64
    /// The process that has the directory open; 0 when somebody has and it cannot be told who.
    package let holder: Int32?
    package let clusterID: String?
    /// `format.version` of its files; nil in a new directory.
    package let formatVersion: String?
    package let isCleanlyClosed: Bool
    package let partitions: Int
    package let segments: Int
    package let segmentBytes: Int64
    /// When a segment was last written, in wall milliseconds.
    package let newestWrite: Int64?

    /// The format that this program writes.
    package static let supportedFormat = MetaProperties.formatVersion

    package init(path: String) {
        self.path = path
        var status = stat()
        let exists = stat(path, &status) == 0
        owner = exists ? status.st_uid : nil
        let place = exists ? path : Self.above(path)
        (writeFailure, directIO) = Self.tryWriting(in: place)
        var space = statvfs()
        let isKnown = statvfs(place, &space) == 0
        freeBytes = isKnown ? Int64(clamping: UInt64(space.f_bavail) &* UInt64(space.f_frsize)) : 0
        totalBytes = isKnown ? Int64(clamping: UInt64(space.f_blocks) &* UInt64(space.f_frsize)) : 0
        holder = Self.holder(of: "\(path)/.lock")
        let properties = (try? MetaProperties.values(in: path)) ?? [:]
        clusterID = properties["cluster.id"]
        formatVersion = properties["format.version"]
        isCleanlyClosed = FileSystem.exists("\(path)/clean-shutdown")
        var (partitions, segments, bytes) = (0, 0, Int64(0))
        var newest: Int64?
        for name in (try? FileSystem.names(in: path)) ?? [] {
            guard TopicPartition(directoryName: name) != nil else { continue }
            partitions += 1
            for file in (try? FileSystem.names(in: "\(path)/\(name)")) ?? [] where file.hasSuffix(".log") {
                guard stat("\(path)/\(name)/\(file)", &status) == 0 else { continue }
                segments += 1
                // Segments are laid out ahead: the space they take, not their size.
                bytes += Int64(status.st_blocks) * 512
                let time = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
                newest = max(newest ?? time, time)
            }
        }
        (self.partitions, self.segments, segmentBytes, newestWrite) = (partitions, segments, bytes, newest)
    }

    /// The nearest directory above a path that exists.
    private static func above(_ path: String) -> String {
        var path = path[...]
        while let slash = path.lastIndex(of: "/") {
            path = path[..<slash]
            if path.isEmpty { return "/" }
            if FileSystem.isDirectory(String(path)) { return String(path) }
        }
        return "."
    }

    private static func tryWriting(in directory: String) -> (failure: Int32?, DirectIO) {
        let file = "\(directory)/.soma-probe-\(getpid())"
        let descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return (errno, .unknown) }
        defer {
            close(descriptor)
            unlink(file)
        }
        let size = WriterScratch.blockBytes
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, size, size) == 0, let block else { return (ENOMEM, .unknown) }
        defer { free(block) }
        memset(block, 0, size)
        guard pwrite(descriptor, block, size, 0) == size else { return (errno, .unknown) }
        let direct = open(file, O_RDWR | O_CLOEXEC | soma_o_direct() | O_DSYNC)
        guard direct >= 0 else { return (nil, errno == EINVAL ? .refused : .unknown) }
        defer { close(direct) }
        if pwrite(direct, block, size, 0) == size { return (nil, .works) }
        return errno == EINVAL ? (nil, .refused) : (errno, .unknown)
    }

    /// Who holds the lock of a file, by the kernel's table of locks.
    private static func holder(of file: String) -> Int32? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Shared and given back at once: a broker that starts in this moment would find it taken.
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else {
            flock(descriptor, LOCK_UN)
            return nil
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return 0 }
        // "1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF"
        for line in lines(of: "/proc/locks") {
            let words = line.split(separator: " ")
            guard words.count > 5, words[1] == "FLOCK", words[5].hasSuffix(":\(status.st_ino)"),
                let process = Int32(words[4])
            else { continue }
            return process
        }
        return 0
    }

    /// A file of the kernel says its size is 0: it is read to its end.
    private static func lines(of path: String) -> [Substring] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < 16 << 20 {
            let count = read(descriptor, &block, block.count)
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
}
