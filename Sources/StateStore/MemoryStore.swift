/// A store in memory: a hash table for single keys, sorted keys for walks.
public final class MemoryStore: KeyValueStore {
    /// The name that the processor's definition gives it.
    public let name: String
    private var values: [[UInt8]: [UInt8]] = [:]
    private var keys = SortedKeys()

    /// Makes an empty store.
    public init(name: String) {
        self.name = name
    }

    /// The number of keys.
    public var count: Int { values.count }

    /// The value of a key; nil when there is none.
    public func get(_ key: [UInt8]) -> [UInt8]? { values[key] }

    /// Sets the value of a key.
    public func put(_ key: [UInt8], _ value: [UInt8]) {
        if values.updateValue(value, forKey: key) == nil { keys.insert(key) }
    }

    /// Removes a key; nothing happens when it is not there.
    public func delete(_ key: [UInt8]) {
        if values.removeValue(forKey: key) != nil { keys.remove(key) }
    }

    /// Walks keys in ascending byte order; see the protocol.
    public func range(from lower: [UInt8], to upper: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool) rethrows {
        try keys.walk(from: lower) { key in
            if let upper, !SortedKeys.isLess(key, upper) { return false }
            guard let value = values[key] else { return true }
            return try body(key, value)
        }
    }
}
