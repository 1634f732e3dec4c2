/// A store that knows what changed since the last commit and can take back what one record did.
///
/// The runtime puts it in front of every store: changed keys become changelog records at the commit, each key once
/// with its last value; a record that fails leaves no trace in the state.
public final class TrackedStore: KeyValueStore {
    /// A changed key with its value at the commit; nil is a removal.
    public struct Change: Sendable, Equatable {
        /// The key.
        public let key: [UInt8]
        /// The last value; nil when the key was removed.
        public let value: [UInt8]?

        package init(key: [UInt8], value: [UInt8]?) {
            self.key = key
            self.value = value
        }
    }

    private let base: any KeyValueStore
    private var changed: Set<[UInt8]> = []
    /// Changed keys in the order of their first change.
    private var order: [[UInt8]] = []
    /// What the current record overwrote, oldest first.
    private var undo: [(key: [UInt8], value: [UInt8]?, wasChanged: Bool)] = []

    /// Wraps a store.
    public init(_ base: any KeyValueStore) {
        self.base = base
    }

    /// The name that the processor's definition gives it.
    public var name: String { base.name }

    /// The number of keys.
    public var count: Int { base.count }

    /// Keys changed since the last commit.
    public var changedCount: Int { order.count }

    /// The value of a key; nil when there is none.
    public func get(_ key: [UInt8]) -> [UInt8]? { base.get(key) }

    /// Sets the value of a key.
    public func put(_ key: [UInt8], _ value: [UInt8]) {
        note(key)
        base.put(key, value)
    }

    /// Removes a key; nothing happens when it is not there.
    public func delete(_ key: [UInt8]) {
        guard base.get(key) != nil else { return }
        note(key)
        base.delete(key)
    }

    /// Walks keys in ascending byte order; see the protocol.
    public func range(from lower: [UInt8], to upper: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool) rethrows {
        try base.range(from: lower, to: upper, body)
    }

    /// Keeps what was written since the last call as the state to come back to.
    package func endRecord() { undo.removeAll(keepingCapacity: true) }

    /// Takes back what was written since the last `endRecord`.
    package func rollBackRecord() {
        for (key, value, wasChanged) in undo.reversed() {
            if let value { base.put(key, value) } else { base.delete(key) }
            if !wasChanged { changed.remove(key) }
        }
        if !undo.isEmpty { order.removeAll { !changed.contains($0) } }
        undo.removeAll(keepingCapacity: true)
    }

    /// The keys changed since the last call, in order of their first change.
    package func takeChanges() -> [Change] {
        guard !order.isEmpty else { return [] }
        let changes = order.map { Change(key: $0, value: base.get($0)) }
        order.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
        return changes
    }

    /// Applies a changelog record: no change of ours, nothing to take back.
    package func restore(_ key: [UInt8], _ value: [UInt8]?) {
        if let value { base.put(key, value) } else { base.delete(key) }
    }

    private func note(_ key: [UInt8]) {
        let isFirst = changed.insert(key).inserted
        if isFirst { order.append(key) }
        undo.append((key, base.get(key), !isFirst))
    }
}
