/// What a running processor is doing, for people and health checks.
public struct RuntimeStatus: Sendable {
    /// The stages of a processor's life.
    public enum State: String, Sendable {
        /// Not started yet.
        case created
        /// Waits for its topics or its first assignment.
        case starting
        /// Reads changelogs back into stores.
        case restoring
        /// Processes records.
        case running
        /// Failed, and starts again after a pause.
        case backingOff
        /// Finishes what it has begun.
        case stopping
        /// Has ended.
        case stopped
    }

    /// The stage.
    public internal(set) var state = State.created
    /// Partitions assigned, as `topic/partition`, in order.
    public internal(set) var partitions: [String] = []
    /// Starts after a failure.
    public internal(set) var restarts = 0
    /// Why it failed last; nil while it never did.
    public internal(set) var lastError: String?
}
