/// One aborted transaction as readers of committed records need to know it (KIP-98).
package struct AbortedTransaction: Equatable, Sendable {
    package let producerID: Int64
    package let firstOffset: Int64
    /// The offset of its marker.
    let lastOffset: Int64
    /// Every transaction that began below had ended when the marker was written.
    let lastStableOffset: Int64
}

/// The transactions of one partition that a reader of committed records must not pass: a value, so that tests can play
/// any sequence.
///
/// A transaction whose marker is appended and not yet on disk still counts as open to readers: it is `ending`.
struct OpenTransactions {
    private struct Open {
        let producerID: Int64
        let firstOffset: Int64
    }

    private struct Ending {
        let transaction: AbortedTransaction
        let isCommit: Bool
    }

    /// By first offset.
    private var open: [Open] = []
    /// By the marker's offset.
    private var ending: [Ending] = []

    var openCount: Int { open.count }

    /// The first offset of the earliest transaction that has no marker on disk.
    var firstUnstableOffset: Int64? {
        guard let earliest = ending.map(\.transaction.firstOffset).min() else { return open.first?.firstOffset }
        return min(earliest, open.first?.firstOffset ?? .max)
    }

    /// A producer's first batch of a transaction is appended; offsets only rise.
    mutating func begin(_ producerID: Int64, at offset: Int64) {
        open.append(Open(producerID: producerID, firstOffset: offset))
    }

    /// A marker is appended; nothing happens when the producer has no open transaction.
    mutating func end(_ producerID: Int64, markerOffset: Int64, isCommit: Bool) {
        guard let index = open.firstIndex(where: { $0.producerID == producerID }) else { return }
        let ended = open.remove(at: index)
        let transaction = AbortedTransaction(
            producerID: producerID,
            firstOffset: ended.firstOffset,
            lastOffset: markerOffset,
            lastStableOffset: open.first?.firstOffset ?? markerOffset + 1
        )
        ending.append(Ending(transaction: transaction, isCommit: isCommit))
    }

    /// Markers below the high watermark are on disk: their transactions have ended.
    ///
    /// - Returns: The aborted ones, by the marker's offset.
    mutating func settle(below highWatermark: Int64) -> [AbortedTransaction] {
        guard let first = ending.first, first.transaction.lastOffset < highWatermark else { return [] }
        let count = ending.firstIndex { $0.transaction.lastOffset >= highWatermark } ?? ending.count
        let aborted = ending.prefix(count).filter { !$0.isCommit }.map(\.transaction)
        ending.removeFirst(count)
        return aborted
    }

    /// The aborted transactions whose markers lie below an offset and are not settled yet.
    func aborted(below offset: Int64) -> [AbortedTransaction] {
        ending.filter { !$0.isCommit && $0.transaction.lastOffset < offset }.map(\.transaction)
    }

    /// What was appended at or above an offset is taken back: transactions that began there never were, and those that
    /// ended there are open again.
    mutating func takeBack(to offset: Int64) {
        let undone = ending.filter { $0.transaction.lastOffset >= offset }
        ending.removeAll { $0.transaction.lastOffset >= offset }
        open += undone.map { Open(producerID: $0.transaction.producerID, firstOffset: $0.transaction.firstOffset) }
        open.removeAll { $0.firstOffset >= offset }
        open.sort { $0.firstOffset < $1.firstOffset }
    }
}
