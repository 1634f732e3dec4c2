package import CommitLog

/// Offsets that were committed inside transactions which are not decided yet, of all groups: a value, so that tests can
/// play any sequence (KIP-98, KIP-447).
///
/// A producer's next transaction begins when its last was ended here, not before.
package struct PendingOffsets: Sendable {
    private struct Entry {
        let offset: CommittedOffset
        /// Where its batch begins in `__consumer_offsets`.
        let position: Int64
    }

    /// What one producer has pending in one group.
    private struct Share {
        /// On disk, the newest of each partition.
        var durable: [TopicPartition: Entry] = [:]
        /// Appended and not on disk yet, oldest first: a failed write takes them back.
        var underWay: [(partition: TopicPartition, entry: Entry)] = []

        var isEmpty: Bool { durable.isEmpty && underWay.isEmpty }
    }

    private var shares: [String: [Int64: Share]] = [:]
    private var groupsByProducer: [Int64: Set<String>] = [:]

    package init() {}

    package var isEmpty: Bool { shares.isEmpty }

    package func hasPending(group: String) -> Bool { shares[group] != nil }

    /// A batch of a transaction is appended at `position`.
    package mutating func append(
        group: String,
        producerID: Int64,
        _ offsets: [(TopicPartition, CommittedOffset)],
        at position: Int64
    ) {
        guard !offsets.isEmpty else { return }
        shares[group, default: [:]][producerID, default: Share()].underWay +=
            offsets.map { ($0.0, Entry(offset: $0.1, position: position)) }
        groupsByProducer[producerID, default: []].insert(group)
    }

    /// The batch at `position` is on disk, and so is all before it.
    package mutating func settle(group: String, producerID: Int64, through position: Int64) {
        update(group, producerID) { share in
            for (partition, entry) in share.underWay where entry.position <= position {
                share.durable[partition] = entry
            }
            share.underWay.removeAll { $0.entry.position <= position }
        }
    }

    /// The batch at `position` could not be written.
    package mutating func takeBack(group: String, producerID: Int64, at position: Int64) {
        update(group, producerID) { share in share.underWay.removeAll { $0.entry.position == position } }
    }

    /// The offset of a partition is deleted, whatever a transaction says later; nil means all of the group.
    package mutating func forget(group: String, _ partition: TopicPartition? = nil) {
        for producerID in shares[group]?.keys.map(\.self) ?? [] {
            update(group, producerID) { share in
                guard let partition else {
                    share = Share()
                    return
                }
                share.durable[partition] = nil
                share.underWay.removeAll { $0.partition == partition }
            }
        }
    }

    /// The partitions whose offsets a transaction may still change.
    package func partitions(group: String) -> Set<TopicPartition> {
        var found: Set<TopicPartition> = []
        for share in shares[group]?.values.map(\.self) ?? [] {
            found.formUnion(share.durable.keys)
            found.formUnion(share.underWay.map(\.partition))
        }
        return found
    }

    /// The groups for which something is pending.
    package var groups: [String] { Array(shares.keys) }

    /// A producer's transaction is decided: its marker lies at `markerOffset`.
    ///
    /// - Returns: What counts now if the decision is to commit.
    package mutating func end(
        producerID: Int64,
        markerOffset: Int64,
        inGroups isMeant: (String) -> Bool
    ) -> [(group: String, offsets: [TopicPartition: CommittedOffset])] {
        var ended: [(group: String, offsets: [TopicPartition: CommittedOffset])] = []
        for group in groupsByProducer[producerID] ?? [] where isMeant(group) {
            var offsets: [TopicPartition: CommittedOffset] = [:]
            update(group, producerID) { share in
                for (partition, entry) in share.durable where entry.position < markerOffset {
                    offsets[partition] = entry.offset
                    share.durable[partition] = nil
                }
                for (partition, entry) in share.underWay where entry.position < markerOffset {
                    offsets[partition] = entry.offset
                }
                share.underWay.removeAll { $0.entry.position < markerOffset }
            }
            if !offsets.isEmpty { ended.append((group, offsets)) }
        }
        return ended
    }

    private mutating func update(_ group: String, _ producerID: Int64, _ body: (inout Share) -> Void) {
        guard var share = shares[group]?.removeValue(forKey: producerID) else { return }
        body(&share)
        guard share.isEmpty else {
            shares[group]?[producerID] = share
            return
        }
        if shares[group]?.isEmpty == true { shares[group] = nil }
        groupsByProducer[producerID]?.remove(group)
        if groupsByProducer[producerID]?.isEmpty == true { groupsByProducer[producerID] = nil }
    }
}
