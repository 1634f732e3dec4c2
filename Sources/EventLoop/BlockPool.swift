private import Glibc

/// Memory for frames that arrive in pieces; kept by one loop, used by its connections.
///
/// Fresh memory costs a page fault per 4 KiB, which for a busy producer is as dear as the copy; so a few blocks are kept
/// and used again, and given back when the loop has been quiet.
final class BlockPool {
    /// A frame up to this size gets a block of its full size at once: untouched memory costs nothing until bytes
    /// arrive.
    ///
    /// A larger one grows as they do.
    static let blockBytesMax = 4 << 20
    /// What the pool keeps at most.
    private static let keptBytesMax = 8 << 20
    private static let classes = [16 << 10, 128 << 10, 1 << 20 + 16 << 10, blockBytesMax]

    private var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: classes.count)
    private var keptBytes = 0

    deinit { trim() }

    func take(_ byteCount: Int) -> Block {
        guard let index = Self.classes.firstIndex(where: { $0 >= byteCount }) else {
            return Block(base: allocate(byteCount), capacity: byteCount)
        }
        let capacity = Self.classes[index]
        if let base = free[index].popLast() {
            keptBytes -= capacity
            return Block(base: base, capacity: capacity)
        }
        return Block(base: allocate(capacity), capacity: capacity)
    }

    func give(_ block: Block) {
        guard let index = Self.classes.firstIndex(of: block.capacity), keptBytes + block.capacity <= Self.keptBytesMax
        else { return Glibc.free(block.base) }
        keptBytes += block.capacity
        free[index].append(block.base)
    }

    /// Gives all kept memory back.
    func trim() {
        for index in free.indices {
            for base in free[index] { Glibc.free(base) }
            free[index] = []
        }
        keptBytes = 0
    }

    /// Makes a block larger than the classes; the memory is moved by the kernel's page tables, not copied.
    func grow(_ block: Block, to byteCount: Int) -> Block {
        guard let base = realloc(block.base, byteCount) else { fatalError("out of memory: \(byteCount) bytes asked") }
        return Block(base: base, capacity: byteCount)
    }

    private func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard let base = malloc(byteCount) else { fatalError("out of memory: \(byteCount) bytes asked") }
        return base
    }
}

/// Memory on loan from a `BlockPool`; whoever has it gives it back once.
struct Block {
    let base: UnsafeMutableRawPointer
    let capacity: Int
}
