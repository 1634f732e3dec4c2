import Clocks
public import Events
public import StateStore

/// What a processor works with beside the record: outputs, stores, time.
public final class ProcessorContext {
    /// The processor's name.
    public let processor: String
    /// The number of the task: the partition of its inputs.
    public let partition: Int32
    /// The highest timestamp of the task's records so far, in milliseconds since 1970; -1 before the first.
    public internal(set) var streamTime: Int64 = -1

    let clock: Clock
    let stores: [String: TrackedStore]
    private let outputTopics: Set<String>
    /// What the current call works on.
    enum Cause {
        case record(RecordView)
        /// A wall-clock timer, with its time.
        case timer(Int64)
    }

    private var cause: Cause?
    /// A mistake of the processor that turns the call into a failure.
    private(set) var misuse: ProcessingError?
    /// Whether the current call has succeeded.
    private(set) var isDone = true
    private var outputIndex = 0
    /// What the current call has forwarded; written when it returns.
    var pending: [OutputRecord] = []

    init(definition: ProcessorDefinition, partition: Int32, stores: [String: TrackedStore], clock: Clock) {
        processor = definition.name
        self.partition = partition
        self.stores = stores
        self.clock = clock
        outputTopics = Set(definition.outputs)
    }

    /// Wall-clock time in milliseconds since 1970.
    public var now: Int64 { clock.wallMilliseconds }

    /// Whether the record that is worked on comes from a replay.
    public var isReplay: Bool { causeEnvelope?.replay != nil }

    /// A store of this task.
    ///
    /// - Parameter name: One of the definition's `stores`.
    /// - Returns: The store, with what this call has written so far.
    public func store(_ name: String) -> any KeyValueStore {
        guard let store = stores[name] else {
            preconditionFailure("processor \(processor) has no store '\(name)'; name it in its definition")
        }
        return store
    }

    /// Writes an event that the current record causes.
    ///
    /// The id is derived from the record's id, the processor's name and the place among its outputs, so a repetition
    /// makes the same id. Tenant, correlation, trace and replay mark go on from the record. The write happens when the
    /// call returns; when it throws, nothing is written.
    ///
    /// - Parameters:
    ///   - event: The data.
    ///   - topic: One of the definition's `outputs`; nil is the topic of the event type.
    ///   - key: The ordering key; nil is the event's own.
    ///   - tenant: Who it belongs to; nil is the tenant of the record.
    ///   - subject: Who or what it is about; nil is the subject of the record.
    /// - Returns: The envelope of the new event.
    @discardableResult
    public func forward<Payload: EventPayload>(
        _ event: Payload,
        to topic: String? = nil,
        key: String? = nil,
        tenant: String? = nil,
        subject: String? = nil
    ) -> Envelope {
        var envelope = nextEnvelope(type: Payload.type, dataSchema: Payload.schemaID)
        if let tenant { envelope.tenant = tenant }
        if let subject { envelope.subject = subject }
        let key = key ?? event.key(tenant: envelope.tenant)
        append(to: topic ?? Payload.topic, key: Array(key.utf8), value: event.bytes, envelope)
        return envelope
    }

    /// Writes an event whose data is at hand as bytes; else as `forward(_:to:key:)`.
    ///
    /// - Parameters:
    ///   - value: JSON of the data; nil is a tombstone.
    ///   - type: The event type.
    ///   - dataSchema: Its contract; nil when it has none.
    ///   - topic: One of the definition's `outputs`.
    ///   - key: The ordering key; nil is a record without key.
    /// - Returns: The envelope of the new event.
    @discardableResult
    public func forward(
        value: [UInt8]?,
        type: String,
        dataSchema: String? = nil,
        to topic: String,
        key: [UInt8]?
    ) -> Envelope {
        let envelope = nextEnvelope(type: type, dataSchema: dataSchema)
        append(to: topic, key: key, value: value, envelope)
        return envelope
    }

    private func nextEnvelope(type: String, dataSchema: String?) -> Envelope {
        guard let cause = causeEnvelope else {
            preconditionFailure("\(processor) forwarded \(type) outside of a call of the runtime")
        }
        defer { outputIndex += 1 }
        return cause.caused(type: type, dataSchema: dataSchema, processor: processor, index: outputIndex, time: now)
    }

    private func append(to topic: String, key: [UInt8]?, value: [UInt8]?, _ envelope: Envelope) {
        guard outputTopics.contains(topic) else {
            misuse = .permanent(
                "undeclared_output",
                "\(processor) writes to \(topic), which its definition does not name"
            )
            return
        }
        let output = OutputRecord(
            topic: topic,
            partition: nil,
            key: key,
            value: value,
            headers: envelope.headers,
            timestamp: envelope.time
        )
        misuse = misuse ?? output.refusal
        pending.append(output)
    }

    /// The event that outputs are caused by.
    ///
    /// A timer has none in the log: outputs of a timer get ids from its time, and a repetition makes others.
    private var causeEnvelope: Envelope? {
        switch cause {
        case .record(let view): view.envelope
        case .timer(let time):
            Envelope(
                id: "\(processor)/\(partition)/timer/\(time)",
                source: "/processors/\(processor)",
                type: "timer",
                time: time
            )
        case nil: nil
        }
    }

    /// Begins a call: outputs are caused by this, counted from zero.
    func begin(_ cause: Cause) {
        self.cause = cause
        misuse = nil
        isDone = false
        outputIndex = 0
        pending.removeAll(keepingCapacity: true)
    }

    /// Ends a call that succeeded; `pending` holds what it forwarded.
    func succeed() {
        cause = nil
        isDone = true
        for store in stores.values { store.endRecord() }
    }

    /// Ends a call that failed: what it forwarded and wrote is forgotten.
    func fail() {
        cause = nil
        pending.removeAll(keepingCapacity: true)
        for store in stores.values { store.rollBackRecord() }
    }
}
