/// What the cleaner remembers of each partition: how far it came, and which ones it leaves alone.
///
/// Kept in `cleaner-offset-checkpoint`, a cache: without it the next round goes over everything again and finds the same.
struct CleanerBook {
    private var entries: [TopicPartition: [Int64]]
    /// Partitions that failed, and the monotonic time from which they are tried again.
    private var paused: [TopicPartition: Int64] = [:]

    static let retryMilliseconds: Int64 = 60_000

    init(_ stored: [TopicPartition: [Int64]] = [:]) { entries = stored }

    /// What is written to the checkpoint: the first dirty offset and the next delete horizon, -1 for none.
    var stored: [TopicPartition: [Int64]] { entries }

    func firstDirtyOffset(of name: TopicPartition) -> Int64 { entries[name]?.first ?? 0 }

    func nextDeleteHorizon(of name: TopicPartition) -> Int64? {
        entries[name]?.dropFirst().first.flatMap { $0 < 0 ? nil : $0 }
    }

    func mayClean(_ name: TopicPartition, monotonic: Int64) -> Bool { paused[name].map { $0 <= monotonic } ?? true }

    mutating func finished(_ name: TopicPartition, _ outcome: CleaningRound.Outcome) {
        entries[name] = [outcome.firstDirtyOffset, outcome.nextDeleteHorizon ?? -1]
        paused[name] = nil
    }

    /// A lack of space passes by itself; other errors need somebody to look and a restart.
    mutating func failed(_ name: TopicPartition, _ error: LogError, monotonic: Int64) {
        paused[name] = error.isTransient ? monotonic + Self.retryMilliseconds : .max
    }

    /// The partition is gone; a new one of its name begins anew.
    mutating func forget(_ name: TopicPartition) {
        entries[name] = nil
        paused[name] = nil
    }
}
