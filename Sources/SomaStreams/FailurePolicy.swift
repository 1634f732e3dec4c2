/// What the runtime does with a record that cannot be processed.
public struct FailurePolicy: Sendable {
    /// What happens to a record after the retries, or at once when retrying makes no sense.
    public enum Last: Sendable {
        /// It goes to `<topic>.dlq` with the error in its headers, and the partition goes on.
        case deadLetter
        /// The processor stops at the record and is started again with backoff, until the record passes.
        case stop
    }

    /// How often a record with a transient failure is tried again.
    public var retries: Int
    /// The pause before the first retry; it doubles up to `backoffMax`.
    public var backoff: Duration
    /// The longest pause between two retries.
    public var backoffMax: Duration
    /// What happens at the end.
    public var last: Last

    /// Makes a policy: three retries, then the dead-letter topic.
    ///
    /// - Parameters:
    ///   - retries: How often a record with a transient failure is tried again.
    ///   - backoff: The pause before the first retry.
    ///   - backoffMax: The longest pause.
    ///   - last: What happens at the end.
    public init(
        retries: Int = 3,
        backoff: Duration = .milliseconds(100),
        backoffMax: Duration = .seconds(2),
        last: Last = .deadLetter
    ) {
        self.retries = max(0, retries)
        self.backoff = backoff
        self.backoffMax = backoffMax
        self.last = last
    }

    /// The pause before a retry, counted from 1.
    package func pause(before retry: Int) -> Duration {
        min(backoff * (1 << min(max(0, retry - 1), 16)), backoffMax)
    }
}
