/// A processor that calls the outside: models, tools, HTTP.
///
/// The runtime starts many records at a time within `AsyncLimits`, keeps the order of records with the same key (the
/// next one starts when the one before has finished), and commits a position only when all records before it have
/// finished and their outputs are acknowledged. Nothing is lost when a partition is revoked: its calls are cancelled
/// and its new owner starts them again.
public protocol AsyncProcessor: AnyObject, Sendable {
    /// Starts the work for one record and returns at once.
    ///
    /// - Parameters:
    ///   - record: A copy that may be kept.
    ///   - call: Takes the outputs and, exactly once, `finish` or `fail`; from any thread.
    func start(_ record: OwnedRecord, _ call: AsyncCall)

    /// The processor ends; all calls are finished or cancelled.
    func close()
}

extension AsyncProcessor {
    /// Does nothing.
    public func close() {}
}

/// The bounds of an asynchronous processor.
public struct AsyncLimits: Sendable {
    /// The most records that are being worked on at a time.
    public var inFlight: Int
    /// Partitions are paused while records in flight and waiting hold more bytes than this.
    public var waitingBytes: Int
    /// How long records in flight may go on when the processor stops; then they are cancelled and done again later.
    public var drain: Duration

    /// Makes limits.
    ///
    /// - Parameters:
    ///   - inFlight: The most records at a time.
    ///   - waitingBytes: Bytes of records in flight and waiting.
    ///   - drain: How long a stop waits.
    public init(inFlight: Int = 64, waitingBytes: Int = 8 << 20, drain: Duration = .seconds(1)) {
        self.inFlight = max(1, inFlight)
        self.waitingBytes = max(1, waitingBytes)
        self.drain = drain
    }
}
