/// What the open partitions of a directory hold, for whoever watches it.
package struct LogInventory: Equatable, Sendable {
    package var partitions = 0
    /// Of those, the ones that stand still because their files are damaged or cannot be written.
    package var stoppedPartitions = 0
    package var segments = 0
    /// Bytes of record batches in them.
    package var byteCount: Int64 = 0
    /// Producers whose sequence numbers are remembered.
    package var producers = 0
    /// Transactions without a marker, one for each partition that they are in.
    package var openTransactions = 0

    package init() {}
}

extension LogDirectory {
    /// Counts what the open partitions hold.
    ///
    /// - Complexity: O(segments), with each partition's lock held for its own.
    package func inventory() -> LogInventory {
        var inventory = LogInventory()
        for log in openPartitions { log.add(to: &inventory) }
        return inventory
    }
}

extension PartitionLog {
    fileprivate func add(to inventory: inout LogInventory) {
        lock.withLock {
            inventory.partitions += 1
            if stopped != nil { inventory.stoppedPartitions += 1 }
            inventory.segments += segments.count
            inventory.byteCount += segments.reduce(0) { $0 + $1.size }
            inventory.producers += producers.entries.count
            inventory.openTransactions += transactions.openCount
        }
    }
}
