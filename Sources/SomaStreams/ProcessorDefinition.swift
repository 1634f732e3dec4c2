/// What a processor reads, writes and keeps, and how it is made: all that the runtime must know to run it.
///
/// The name is the consumer group, the prefix of its changelog topics and the `source` of its events, so it is never
/// changed once the processor has run.
public struct ProcessorDefinition: Sendable {
    /// How outputs and positions are committed.
    public enum Delivery: Sendable {
        /// Positions are committed after all outputs are acknowledged. A crash repeats records; their outputs carry the
        /// same ids again.
        case atLeastOnce
        /// Outputs, state changes and positions are committed in one Kafka transaction.
        case exactlyOnce
    }

    /// Where a partition without committed position begins.
    public enum Start: Sendable {
        /// With the oldest record that is kept.
        case earliest
        /// With the next record that comes.
        case latest
    }

    /// What happens when the broker no longer keeps the committed position.
    public enum OutOfRange: Sendable {
        /// The processor fails until an operator sets the position: records may have been lost unread.
        case stop
        /// It goes on with the oldest record that is kept; logged and counted.
        case earliest
        /// It goes on with the next record that comes; logged and counted.
        case latest
    }

    /// Makes the processor of one task; called on the task's thread.
    public typealias Make = @Sendable (_ partition: Int32) throws -> any Processor
    /// Makes the processor that starts outside calls; called once per running instance.
    public typealias MakeAsync = @Sendable () throws -> any AsyncProcessor

    package enum Kind: Sendable {
        case processor(Make)
        case async(AsyncLimits, MakeAsync)
    }

    /// Consumer group, prefix of changelog topics, source of events.
    public var name: String
    /// The topics that it reads; those that share state must have the same number of partitions.
    public var inputs: [String]
    /// The topics that it writes, beside dead letters and changelogs.
    public var outputs: [String]
    /// The stores of each task, by name.
    public var stores: [String]
    /// How outputs and positions are committed.
    public var delivery: Delivery
    /// What happens to a record that cannot be processed.
    public var failure: FailurePolicy
    /// The longest time between commits under load; drained input is committed at once.
    public var commitInterval: Duration
    /// How often `punctuate` is called on wall-clock time; nil is never.
    public var punctuationInterval: Duration?
    /// Where a partition without committed position begins.
    public var start: Start
    /// What happens when the broker no longer keeps the committed position.
    public var outOfRange: OutOfRange = .stop
    /// The event type of records that tell none, by topic.
    public var defaultTypes: [String: String]
    package let kind: Kind

    /// Describes a processor that works on one record after the other.
    ///
    /// - Parameters:
    ///   - name: Consumer group and source; lower case with hyphens.
    ///   - inputs: At least one topic.
    ///   - outputs: Topics that `forward` may name.
    ///   - stores: Names of key-value stores.
    ///   - delivery: At least once unless said otherwise.
    ///   - failure: Retries and dead letters.
    ///   - commitInterval: The longest time between commits under load.
    ///   - punctuationInterval: How often `punctuate` is called; nil is never.
    ///   - start: Where a partition without committed position begins.
    ///   - defaultTypes: The event type of records that tell none, by topic.
    ///   - make: Makes the processor of one task.
    public init(
        name: String,
        inputs: [String],
        outputs: [String] = [],
        stores: [String] = [],
        delivery: Delivery = .atLeastOnce,
        failure: FailurePolicy = FailurePolicy(),
        commitInterval: Duration = .milliseconds(100),
        punctuationInterval: Duration? = nil,
        start: Start = .earliest,
        defaultTypes: [String: String] = ["conversation.events": "message.user"],
        make: @escaping Make
    ) {
        precondition(!name.isEmpty && !inputs.isEmpty, "processor '\(name)' needs a name and an input")
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.stores = stores
        self.delivery = delivery
        self.failure = failure
        self.commitInterval = commitInterval
        self.punctuationInterval = punctuationInterval
        self.start = start
        self.defaultTypes = defaultTypes
        kind = .processor(make)
    }

    /// Describes a processor that calls the outside, many records at a time.
    ///
    /// - Parameters:
    ///   - name: Consumer group and source; lower case with hyphens.
    ///   - inputs: At least one topic.
    ///   - outputs: Topics that `emit` may name.
    ///   - limits: Bounds of what is in flight.
    ///   - failure: Retries and dead letters of calls that fail.
    ///   - commitInterval: The longest time between commits under load.
    ///   - start: Where a partition without committed position begins.
    ///   - defaultTypes: The event type of records that tell none, by topic.
    ///   - makeAsync: Makes the processor.
    public init(
        name: String,
        inputs: [String],
        outputs: [String] = [],
        limits: AsyncLimits,
        failure: FailurePolicy = FailurePolicy(),
        commitInterval: Duration = .milliseconds(100),
        start: Start = .earliest,
        defaultTypes: [String: String] = ["conversation.events": "message.user"],
        makeAsync: @escaping MakeAsync
    ) {
        precondition(!name.isEmpty && !inputs.isEmpty, "processor '\(name)' needs a name and an input")
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        stores = []
        delivery = .atLeastOnce
        self.failure = failure
        self.commitInterval = commitInterval
        punctuationInterval = nil
        self.start = start
        self.defaultTypes = defaultTypes
        kind = .async(limits, makeAsync)
    }

    /// The changelog topic of a store.
    public func changelogTopic(_ store: String) -> String { "\(name)-\(store)-changelog" }
}
