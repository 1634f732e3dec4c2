/// What the cleaner knows of one partition when it looks for work.
struct CleanerView {
    struct Part {
        let baseOffset: Int64
        /// Behind its last record.
        let endOffset: Int64
        let byteCount: Int64
        /// The latest time in it, -1 without records.
        let maxTimestamp: Int64
    }

    /// The finished segments, oldest first; the active one is never cleaned.
    let parts: [Part]
    /// Readers of committed records end here: what is above may still be aborted.
    let lastStableOffset: Int64
    let settings: PartitionSettings
    /// Below, every key was seen by an earlier round.
    let firstDirtyOffset: Int64
    /// When the first tombstone or marker may go, nil when none waits.
    let nextDeleteHorizon: Int64?
    /// The time of the first record at or above `firstDirtyOffset`; needed with `max.compaction.lag.ms` only.
    var firstDirtyTimestamp: Int64?
}

/// What to clean of a partition, and how badly it needs it: a value without I/O.
struct CleanerPlan: Equatable {
    let firstDirtyOffset: Int64
    /// Behind the last segment that may be cleaned.
    let endOffset: Int64
    let dirtyBytes: Int64
    let cleanBytes: Int64
    /// Records waited for longer than `max.compaction.lag.ms`.
    let isOverdue: Bool

    /// The share of bytes that no round has seen yet.
    var dirtyRatio: Double {
        dirtyBytes + cleanBytes == 0 ? 0 : Double(dirtyBytes) / Double(dirtyBytes + cleanBytes)
    }

    /// Decides whether a partition is worth a round; nil when it is not.
    static func decide(_ view: CleanerView, now: Int64) -> CleanerPlan? {
        guard view.settings.isCompacted, let first = view.parts.first else { return nil }
        let lag = view.settings.minCompactionLagMilliseconds
        let eligible = view.parts.prefix { part in
            part.endOffset <= view.lastStableOffset && (lag == 0 || part.maxTimestamp <= now - lag)
        }
        guard let last = eligible.last else { return nil }
        let firstDirty = min(max(view.firstDirtyOffset, first.baseOffset), last.endOffset)
        let dirty = eligible.reduce(0) { $0 + ($1.endOffset > firstDirty ? $1.byteCount : 0) }
        let total = eligible.reduce(0) { $0 + $1.byteCount }
        let maxLag = view.settings.maxCompactionLagMilliseconds
        let plan = CleanerPlan(
            firstDirtyOffset: firstDirty,
            endOffset: last.endOffset,
            dirtyBytes: dirty,
            cleanBytes: total - dirty,
            isOverdue: dirty > 0 && view.firstDirtyTimestamp.map { $0 >= 0 && $0 <= now &- maxLag } ?? false
        )
        if plan.isOverdue || plan.dirtyBytes > 0 && plan.dirtyRatio > view.settings.minCleanableDirtyRatio {
            return plan
        }
        // Tombstones whose time has come go even when nothing new was written.
        if let horizon = view.nextDeleteHorizon, horizon <= now { return plan }
        return nil
    }

    /// Whether this round should come before another: overdue ones first, then the dirtiest.
    func isMoreUrgent(than other: CleanerPlan) -> Bool {
        if isOverdue != other.isOverdue { return isOverdue }
        return dirtyRatio > other.dirtyRatio
    }

    /// Splits the segments of a round into runs that become one segment each.
    ///
    /// A run has no more bytes than a segment may have, and its offsets fit into an index.
    static func groups(_ parts: [CleanerView.Part], segmentBytes: Int64) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        var bytes: Int64 = 0
        for (index, part) in parts.enumerated() {
            let span = part.endOffset - parts[start].baseOffset
            if index > start, bytes + part.byteCount > segmentBytes || span > Int64(Int32.max) {
                groups.append(start..<index)
                start = index
                bytes = 0
            }
            bytes += part.byteCount
        }
        if start < parts.count { groups.append(start..<parts.count) }
        return groups
    }
}
