import Glibc
import Synchronization

/// Memory that a read from a file went into; goes back to its pool with the last slice of it.
final class ReadBuffer: @unchecked Sendable {  // Sendable holds: filled before it is shared, never written again
    let base: UnsafeMutableRawPointer
    let capacity: Int
    private let pool: ReadBufferPool
    /// Where in the memory the bytes that were asked for are: a direct read begins and ends at whole blocks.
    private(set) var range = 0..<0

    fileprivate init(base: UnsafeMutableRawPointer, capacity: Int, pool: ReadBufferPool) {
        self.base = base
        self.capacity = capacity
        self.pool = pool
    }

    deinit { pool.give(base, capacity) }

    /// Valid as long as this object lives.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Fills the buffer with what is at `position` of a file.
    ///
    /// - Returns: The bytes read, fewer than `count` only at the end of the file.
    func fill(from handle: FileHandle, isDirect: Bool, at position: Int64, count: Int) throws(LogError) -> Int {
        let block = isDirect ? WriterScratch.blockBytes : 1
        let lead = Int(position % Int64(block))
        let wanted = (lead + count + block - 1) / block * block
        precondition(wanted <= capacity, "reads \(wanted) bytes into \(capacity)")
        var done = 0
        while done < lead + count {
            let start = off_t(position) - off_t(lead) + off_t(done)
            let got = pread(handle.descriptor, base + done, wanted - done, start)
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .system(path: handle.path, operation: "pread", code: errno) }
            done += got
            // A part of a block comes at the end of the file only.
            if got == 0 || done % block != 0 { break }
        }
        let end = min(max(lead, done), lead + count)
        range = lead..<end
        return end - lead
    }
}

/// Keeps the memory of reads for the next ones.
///
/// Memory that was used before is read into several times as fast as fresh pages, which the system has to find first.
final class ReadBufferPool: @unchecked Sendable {  // Sendable holds: the free lists are touched under the lock
    /// A read asks for a little more than a round number of bytes, and for whole blocks around it.
    private static let slack = 64 << 10
    private static let sizes = [128 << 10, 1 << 20 + slack, 4 << 20 + slack]
    private static let keptBytesMax = 48 << 20

    private let lock = Lock()
    private var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: sizes.count)
    private var keptBytes = 0
    private var wasUsed = false
    private let used = Atomic<Int>(0)

    /// Bytes in buffers that somebody holds.
    var usedBytes: Int { used.load(ordering: .relaxed) }

    deinit { release() }

    /// A buffer that takes a read of `byteCount` at any position.
    func take(_ byteCount: Int) -> ReadBuffer {
        let needed = byteCount + 2 * WriterScratch.blockBytes
        let slot = Self.sizes.firstIndex { $0 >= needed }
        let capacity = slot.map { Self.sizes[$0] } ?? needed
        let kept = lock.withLock { () -> UnsafeMutableRawPointer? in
            wasUsed = true
            guard let slot, let base = free[slot].popLast() else { return nil }
            keptBytes -= capacity
            return base
        }
        used.wrappingAdd(capacity, ordering: .relaxed)
        return ReadBuffer(base: kept ?? ChunkPool.map(capacity), capacity: capacity, pool: self)
    }

    /// Gives kept memory back to the system when nothing was read since the last call.
    func releaseIfIdle() {
        let isIdle = lock.withLock {
            defer { wasUsed = false }
            return !wasUsed
        }
        if isIdle { release() }
    }

    fileprivate func give(_ base: UnsafeMutableRawPointer, _ capacity: Int) {
        used.wrappingSubtract(capacity, ordering: .relaxed)
        let isKept = lock.withLock {
            guard let slot = Self.sizes.firstIndex(of: capacity), keptBytes + capacity <= Self.keptBytesMax else {
                return false
            }
            keptBytes += capacity
            free[slot].append(base)
            return true
        }
        if !isKept { munmap(base, capacity) }
    }

    private func release() {
        lock.withLock {
            for slot in free.indices {
                for base in free[slot] { munmap(base, Self.sizes[slot]) }
                free[slot] = []
            }
            keptBytes = 0
        }
    }
}
