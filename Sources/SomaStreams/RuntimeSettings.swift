package import Clocks
package import Telemetry

/// How processors run here: what belongs to the place and not to the processor.
public struct RuntimeSettings: Sendable {
    /// Makes the instance a static member of its group: it comes back to its partitions after a restart without a
    /// rebalance.
    ///
    /// Two running instances must never share it. nil is a dynamic member.
    public var instanceID: String?
    /// librdkafka settings of all producers, over the defaults.
    public var producer: [String: String]
    /// librdkafka settings of all consumers, over the defaults.
    public var consumer: [String: String]
    /// The most records that are taken from the log at a time.
    public var pollRecordsMax: Int
    /// How long a commit, a flush or a question to the broker may take before the instance gives up and starts again.
    public var requestDeadline: Duration
    /// The first pause before an instance that failed starts again; it doubles up to `restartBackoffMax`.
    public var restartBackoff: Duration
    /// The longest pause.
    public var restartBackoffMax: Duration
    /// Copies of changelog and dead-letter topics that the runtime creates; -1 is the broker's default.
    public var replicationFactor: Int32

    package var clock: Clock = .system
    package var metrics: MetricsRegistry = .standard
    package var logSink: LogSink = .standard

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - instanceID: nil is a dynamic member.
    ///   - producer: librdkafka's names.
    ///   - consumer: librdkafka's names.
    ///   - pollRecordsMax: The most records taken at a time.
    ///   - requestDeadline: The longest wait for the broker.
    ///   - restartBackoff: The first pause before a restart.
    ///   - restartBackoffMax: The longest pause before a restart.
    ///   - replicationFactor: Of topics that the runtime creates.
    public init(
        instanceID: String? = nil,
        producer: [String: String] = [:],
        consumer: [String: String] = [:],
        pollRecordsMax: Int = 1000,
        requestDeadline: Duration = .seconds(10),
        restartBackoff: Duration = .milliseconds(200),
        restartBackoffMax: Duration = .seconds(10),
        replicationFactor: Int32 = -1
    ) {
        self.instanceID = instanceID
        self.producer = producer
        self.consumer = consumer
        self.pollRecordsMax = max(1, pollRecordsMax)
        self.requestDeadline = requestDeadline
        self.restartBackoff = restartBackoff
        self.restartBackoffMax = restartBackoffMax
        self.replicationFactor = replicationFactor
    }
}
