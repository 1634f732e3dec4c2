import CLinux
import Glibc
import Synchronization

/// A piece of a segment in memory, aligned for direct writes: first the place where appends go, then what the disk
/// writer reads, then the cache that readers are served from.
///
/// Bytes below `end` are never changed again, so they can be read without the partition's lock.
final class LogChunk: @unchecked Sendable {  // Sendable holds: the variables are guarded by the partition's lock
    let base: UnsafeMutableRawPointer
    let capacity: Int
    /// The position in the segment file of the first byte; a multiple of the block size.
    let fileStart: Int64
    let segment: Segment
    /// The bytes before are not in memory (only in a chunk that continues a block which is on disk).
    var validFrom: Int64
    /// The position behind the last byte.
    var end: Int64
    let bornNanoseconds: UInt64
    private let pool: ChunkPool

    init(pool: ChunkPool, capacity: Int, fileStart: Int64, validFrom: Int64, segment: Segment) {
        self.pool = pool
        self.capacity = capacity
        self.fileStart = fileStart
        self.validFrom = validFrom
        self.segment = segment
        end = validFrom
        base = pool.take(capacity)
        bornNanoseconds = monotonicNanoseconds()
    }

    deinit { pool.give(base, capacity: capacity) }

    var limit: Int64 { fileStart + Int64(capacity) }

    var isFull: Bool { end == limit }

    func pointer(at position: Int64) -> UnsafeMutableRawPointer { base + Int(position - fileStart) }
}

/// Page-aligned memory in five sizes, kept for reuse up to a bound and given back to the system when idle.
final class ChunkPool: @unchecked Sendable {  // Sendable holds: the free lists are touched under the lock
    static let sizes = [16 << 10, 64 << 10, 256 << 10, 1 << 20, hugePageBytes]
    /// Memory of this size is one page to the processor, and one page fault.
    private static let hugePageBytes = 2 << 20
    private static let keptBytesLeast = 16 << 20

    /// Memory in use and kept together may be this; fresh memory is dearer than all else that is done with a byte.
    private let limit: Int
    private let lock = Lock()
    private var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: sizes.count)
    private var keptBytes = 0
    /// Bytes in chunks that somebody holds.
    let usedBytes = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    deinit { trim() }

    func take(_ capacity: Int) -> UnsafeMutableRawPointer {
        usedBytes.wrappingAdd(capacity, ordering: .relaxed)
        let kept = lock.withLock { () -> UnsafeMutableRawPointer? in
            guard let slot = Self.sizes.firstIndex(of: capacity), let base = free[slot].popLast() else { return nil }
            keptBytes -= capacity
            return base
        }
        return kept ?? Self.map(capacity)
    }

    func give(_ base: UnsafeMutableRawPointer, capacity: Int) {
        usedBytes.wrappingSubtract(capacity, ordering: .relaxed)
        let isKept = lock.withLock {
            let held = keptBytes + capacity
            let isRoom = held <= Self.keptBytesLeast || held + usedBytes.load(ordering: .relaxed) <= limit
            guard isRoom, let slot = Self.sizes.firstIndex(of: capacity) else { return false }
            keptBytes += capacity
            free[slot].append(base)
            return true
        }
        if !isKept { munmap(base, capacity) }
    }

    /// Gives all memory that nobody holds back to the system.
    func trim() {
        lock.withLock {
            for (slot, list) in free.enumerated() {
                for base in list { munmap(base, Self.sizes[slot]) }
                free[slot] = []
            }
            keptBytes = 0
        }
    }

    /// Zeroed pages that nothing else shares.
    static func map(_ capacity: Int) -> UnsafeMutableRawPointer {
        guard capacity % hugePageBytes == 0 else { return mapPages(capacity) }
        // A huge page must be aligned to its size: map more and give the ends back.
        let base = mapPages(capacity + hugePageBytes)
        let lead = (hugePageBytes - Int(bitPattern: base) % hugePageBytes) % hugePageBytes
        if lead > 0 { munmap(base, lead) }
        if lead < hugePageBytes { munmap(base + lead + capacity, hugePageBytes - lead) }
        madvise(base + lead, capacity, MADV_HUGEPAGE)
        return base + lead
    }

    private static func mapPages(_ capacity: Int) -> UnsafeMutableRawPointer {
        let base = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { fatalError("out of memory: \(capacity) bytes asked") }
        return base
    }
}
