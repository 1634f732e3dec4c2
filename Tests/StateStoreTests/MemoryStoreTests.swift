import StateStore
import Testing

struct MemoryStoreTests {
    private func text(_ key: String) -> [UInt8] { Array(key.utf8) }

    private func keys(_ store: any KeyValueStore, from lower: String = "", to upper: String? = nil) -> [String] {
        var keys: [String] = []
        store.range(from: text(lower), to: upper.map { text($0) }) { key, _ in
            keys.append(String(decoding: key, as: UTF8.self))
            return true
        }
        return keys
    }

    @Test func `keys are walked in byte order between the bounds`() {
        let store = MemoryStore(name: "s")
        for key in ["b", "a", "c/2", "c/1", "d"] { store.put(key, text(key)) }
        #expect(keys(store) == ["a", "b", "c/1", "c/2", "d"])
        #expect(keys(store, from: "b", to: "c/2") == ["b", "c/1"])
        var found = 0
        store.prefix(text("c/")) { _, _ in
            found += 1
            return true
        }
        #expect(found == 2)
        store.put([0xFF, 0xFF, 1], [1])
        var last: [UInt8]?
        store.prefix([0xFF, 0xFF]) { key, _ in
            last = key
            return true
        }
        #expect(last == [0xFF, 0xFF, 1])
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `it behaves as a dictionary with sorted keys`(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random % bound
        }
        let store = MemoryStore(name: "s")
        var model: [String: [UInt8]] = [:]
        for _ in 0..<6000 {
            let key = String(next(2500))
            if next(3) == 0 {
                store.delete(key)
                model[key] = nil
            } else {
                let value = [UInt8(next(256))]
                store.put(key, value)
                model[key] = value
            }
        }
        #expect(store.count == model.count)
        #expect(keys(store) == model.keys.sorted { text($0).lexicographicallyPrecedes(text($1)) })
        #expect(model.allSatisfy { store.get($0.key) == $0.value })
    }

    @Test func `a commit sees each changed key once with its last value`() {
        let store = TrackedStore(MemoryStore(name: "s"))
        store.put("b", [1])
        store.put("a", [2])
        store.put("b", [3])
        store.delete("a")
        store.delete("never")
        #expect(store.takeChanges() == [.init(key: text("b"), value: [3]), .init(key: text("a"), value: nil)])
        #expect(store.takeChanges().isEmpty)
    }

    @Test func `a failed record leaves no trace`() {
        let store = TrackedStore(MemoryStore(name: "s"))
        store.put("kept", [1])
        store.endRecord()
        store.put("kept", [2])
        store.put("kept", [3])
        store.put("new", [4])
        store.rollBackRecord()
        #expect(store.get("kept") == [1] && store.get("new") == nil)
        #expect(store.takeChanges() == [.init(key: text("kept"), value: [1])])
    }
}
