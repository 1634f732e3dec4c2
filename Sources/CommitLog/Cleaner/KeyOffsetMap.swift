import Glibc

/// The last offset of each key in the part of a log that is cleaned, in a bounded piece of memory.
///
/// Keys are told apart by 128 bits, so the answer is exact. What does not fit is done in the next round.
struct KeyOffsetMap: ~Copyable {
    private struct Slot {
        var high: UInt64
        var low: UInt64
        /// The offset and one; 0 is an empty slot.
        var value: Int64
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let slotCount: Int
    private let byteCount: Int
    private let seed: KeyHash.Seed
    /// Keys it may hold: more would make lookups slow.
    let capacity: Int
    private(set) var count = 0

    /// A map for at least `capacity` keys.
    init(capacity: Int, seed: KeyHash.Seed = .random()) {
        self.capacity = max(1, capacity)
        self.seed = seed
        slotCount = max(16, self.capacity + self.capacity / 3)
        byteCount = (slotCount * MemoryLayout<Slot>.stride + 4095) / 4096 * 4096
        // Fresh pages are zero and cost nothing until they are touched.
        slots = ChunkPool.map(byteCount).bindMemory(to: Slot.self, capacity: slotCount)
    }

    deinit { munmap(slots, byteCount) }

    /// The memory that so many keys take.
    static func byteCount(keys: Int) -> Int { (keys + keys / 3) * MemoryLayout<Slot>.stride }

    /// How many keys fit into so much memory.
    static func keys(inBytes bytes: Int) -> Int { max(1, bytes / MemoryLayout<Slot>.stride * 3 / 4) }

    func hasRoom(for keys: Int) -> Bool { count + keys <= capacity }

    /// Notes that a key was written at an offset; offsets only rise.
    ///
    /// The caller has seen to it that there is room.
    mutating func put(_ key: UnsafeRawBufferPointer, offset: Int64) {
        let hash = KeyHash(key, seed: seed)
        let index = find(hash)
        if slots[index].value == 0 {
            precondition(count < capacity, "\(capacity) keys are the most")
            count += 1
        }
        slots[index] = Slot(high: hash.high, low: hash.low, value: offset + 1)
    }

    /// The last offset of a key, nil when it is not in the map.
    func offset(of key: UnsafeRawBufferPointer) -> Int64? {
        guard count > 0 else { return nil }
        let value = slots[find(KeyHash(key, seed: seed))].value
        return value == 0 ? nil : value - 1
    }

    /// The slot of a key, or the empty one where it belongs.
    private func find(_ hash: KeyHash) -> Int {
        var index = Int(hash.high.multipliedFullWidth(by: UInt64(slotCount)).high)
        while slots[index].value != 0, slots[index].high != hash.high || slots[index].low != hash.low {
            index += 1
            if index == slotCount { index = 0 }
        }
        return index
    }
}
