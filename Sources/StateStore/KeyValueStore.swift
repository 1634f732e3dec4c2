/// A processor's state: values by key, walked in the order of the keys' bytes.
///
/// One task's thread owns a store; it is not for use from others. Everything that is written reaches the store's
/// changelog topic at the next commit and is there again after a restart or on another machine.
public protocol KeyValueStore: AnyObject {
    /// The name that the processor's definition gives it.
    var name: String { get }

    /// The number of keys.
    var count: Int { get }

    /// The value of a key; nil when there is none.
    func get(_ key: [UInt8]) -> [UInt8]?

    /// Sets the value of a key.
    func put(_ key: [UInt8], _ value: [UInt8])

    /// Removes a key; nothing happens when it is not there.
    func delete(_ key: [UInt8])

    /// Walks keys in ascending byte order.
    ///
    /// - Parameters:
    ///   - lower: The first key; empty is the start.
    ///   - upper: The first key that is not walked; nil is the end.
    ///   - body: Returns false to stop. Must not write to the store.
    func range(from lower: [UInt8], to upper: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool) rethrows
}

extension KeyValueStore {
    /// Walks all keys in ascending byte order.
    ///
    /// - Parameter body: Returns false to stop. Must not write to the store.
    public func all(_ body: ([UInt8], [UInt8]) throws -> Bool) rethrows {
        try range(from: [], to: nil, body)
    }

    /// Walks the keys that begin with some bytes, in ascending byte order.
    ///
    /// - Parameters:
    ///   - prefix: What the keys begin with.
    ///   - body: Returns false to stop. Must not write to the store.
    public func prefix(_ prefix: [UInt8], _ body: ([UInt8], [UInt8]) throws -> Bool) rethrows {
        // The end is the prefix with its last byte that can grow grown; there is none for 0xFF…0xFF.
        var upper = prefix
        while let last = upper.popLast() {
            if last < 0xFF {
                upper.append(last + 1)
                break
            }
        }
        try range(from: prefix, to: upper.isEmpty ? nil : upper, body)
    }

    /// The value of a key given as text.
    public func get(_ key: String) -> [UInt8]? { get(Array(key.utf8)) }

    /// Sets the value of a key given as text.
    public func put(_ key: String, _ value: [UInt8]) { put(Array(key.utf8), value) }

    /// Removes a key given as text.
    public func delete(_ key: String) { delete(Array(key.utf8)) }
}
