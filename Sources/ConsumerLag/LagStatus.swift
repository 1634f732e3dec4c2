/// How a group gets on with a partition, in Burrow's words and codes; the higher, the worse.
package enum LagStatus: Int, Sendable, Comparable {
    /// Keeps up, or falls behind and catches up.
    case ok = 1
    /// Moves, but the lag has not fallen within the window.
    case warn = 2
    /// Has records to read and no member that reads them.
    case stop = 4
    /// Has a member, and the position has not moved within the window.
    case stall = 5
    /// The position went back and has not come up again.
    case rewind = 6

    package var name: String {
        switch self {
        case .ok: "OK"
        case .warn: "WARN"
        case .stop: "STOP"
        case .stall: "STALL"
        case .rewind: "REWIND"
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The last measurements of one partition of a group, and what they say.
///
/// A value: the time comes in with each.
///
/// Burrow's rules on sampled positions: a commit that repeats a position looks like none, so STOP and STALL are told
/// apart by whether a member owns the partition.
struct LagWindow: Sendable {
    private struct Sample {
        var committed: Int64
        var lag: Int64
    }

    /// Measurements kept, as Burrow keeps commits.
    static let length = 15
    /// Before there are so many, nothing but OK is said.
    static let enough = 5

    private var samples: [Sample] = []

    mutating func add(committed: Int64, lag: Int64) {
        samples.append(Sample(committed: committed, lag: lag))
        if samples.count > Self.length { samples.removeFirst() }
    }

    func status(hasOwner: Bool) -> LagStatus {
        guard samples.count >= Self.enough, let first = samples.first, let last = samples.last, last.lag > 0 else {
            return .ok
        }
        let highest = samples.map(\.committed).max() ?? last.committed
        if last.committed < highest { return .rewind }
        // At zero lag once within the window: it keeps up.
        if samples.contains(where: { $0.lag == 0 }) { return .ok }
        if last.committed == first.committed { return hasOwner ? .stall : .stop }
        let neverFell = zip(samples, samples.dropFirst()).allSatisfy { $1.lag >= $0.lag }
        return neverFell ? .warn : .ok
    }
}
