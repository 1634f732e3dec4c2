package import Clocks
package import RdKafka
package import Telemetry

/// What a sink reads and in which portions it writes.
package struct SinkDefinition: Sendable {
    /// Consumer group and name in metrics; never changed once the sink has run.
    package var name: String
    package var topics: [String]
    /// A batch is written when it has so many records.
    package var recordsMax = 5000
    /// or so many bytes.
    package var bytesMax = 4 << 20
    /// or when its first record has waited so long.
    package var linger = Duration.milliseconds(50)
    /// The first pause before a transient failure is tried again; it doubles up to `backoffMax`.
    package var backoff = Duration.milliseconds(100)
    package var backoffMax = Duration.seconds(5)
    /// Where a partition begins that neither the sink nor the group knows.
    package var start = OffsetPosition.beginning
    /// Where a partition goes on when its position is no longer kept; nil stops the sink until an operator decides.
    package var outOfRange: OffsetPosition?
    /// The event type of records that tell none, by topic.
    package var defaultTypes = ["conversation.events": "message.user"]
    /// Makes the sink; called on its thread, again after each failure.
    package let make: @Sendable () throws -> any Sink

    package init(name: String, topics: [String], make: @escaping @Sendable () throws -> any Sink) {
        precondition(!name.isEmpty && !topics.isEmpty, "sink '\(name)' needs a name and a topic")
        self.name = name
        self.topics = topics
        self.make = make
    }
}

/// How sinks run here.
package struct SinkSettings: Sendable {
    /// Makes the instance a static member of its group; see `RuntimeSettings.instanceID` of the streams runtime.
    package var instanceID: String?
    /// librdkafka's names, over the defaults.
    package var consumer: [String: String] = [:]
    /// How long a question to the broker may take.
    package var requestDeadline = Duration.seconds(10)
    package var restartBackoff = Duration.milliseconds(200)
    package var restartBackoffMax = Duration.seconds(10)
    package var replicationFactor: Int32 = -1
    package var clock = Clock.system
    package var metrics = MetricsRegistry.standard
    package var logSink = LogSink.standard

    package init() {}
}
