import Clocks
public import Events
public import SomaStreams
public import StateStore
import Synchronization

/// Runs a processor in one thread, without broker, with a clock that the test turns.
///
///     let driver = try TopologyTestDriver(TurnGate.definition)
///     try driver.pipe(MessageUser(sessionID: "s", content: "hello"))
///     #expect(driver.outputs(of: "conversation.turns").count == 1)
///
/// Retries do not wait. Records of a topic get ascending offsets from 0 in each partition. For asynchronous processors
/// call `settle()` before looking at outputs.
public final class TopologyTestDriver {
    /// What the driver runs.
    private enum Engine {
        case processor(ProcessorDefinition.Make)
        case async(AsyncEngine)
    }

    /// What the processor under test is.
    public let definition: ProcessorDefinition
    private let clock: ManualClock
    private let engine: Engine
    private var tasks: [Int32: TaskRunner] = [:]
    private var offsets: [String: Int64] = [:]
    private var sincePunctuation = Duration.zero
    private var written: [OutputRecord] = []
    private var taken: [String: Int] = [:]
    /// Failed tries, in order, with those that were tried again.
    public private(set) var failures: [ProcessingError] = []

    /// Makes a driver.
    ///
    /// - Parameters:
    ///   - definition: What to run.
    ///   - start: The clock's first time in milliseconds since 1970.
    /// - Throws: What making the processor throws.
    public init(_ definition: ProcessorDefinition, start: Int64 = 1_700_000_000_000) throws {
        self.definition = definition
        clock = ManualClock(wallMilliseconds: start)
        switch definition.kind {
        case .processor(let make): engine = .processor(make)
        case .async(let limits, let make):
            engine = .async(AsyncEngine(definition, limits, clock: .manual(clock), processor: try make()))
        }
    }

    /// Ends the processors.
    public func close() {
        for task in tasks.sorted(by: { $0.key < $1.key }) { task.value.close() }
        if case .async(let engine) = engine { engine.processor.close() }
    }

    /// The clock's time in milliseconds since 1970.
    public var now: Int64 { clock.wallMilliseconds }

    /// Feeds an event as its topic's next record.
    ///
    /// - Parameters:
    ///   - event: The data.
    ///   - envelope: Who made it and when; nil makes one with the id `<topic>/<partition>/<offset>`.
    ///   - topic: nil is the topic of the event type.
    ///   - tenant: Of an envelope that is made here.
    ///   - partition: The task that gets it.
    /// - Returns: The envelope.
    /// - Throws: The failure under the policy `stop`.
    @discardableResult
    public func pipe<Payload: EventPayload>(
        _ event: Payload,
        envelope: Envelope? = nil,
        to topic: String? = nil,
        tenant: String = Envelope.defaultTenant,
        partition: Int32 = 0
    ) throws -> Envelope {
        let topic = topic ?? Payload.topic
        let envelope =
            envelope
            ?? Envelope(
                id: "\(topic)/\(partition)/\(offsets["\(topic)/\(partition)"] ?? 0)",
                source: "/test",
                type: Payload.type,
                time: now,
                dataSchema: Payload.schemaID,
                tenant: tenant
            )
        try pipe(
            topic: topic,
            key: Array(event.key(tenant: envelope.tenant).utf8),
            value: event.bytes,
            headers: envelope.headers,
            partition: partition
        )
        return envelope
    }

    /// Feeds a record as bytes.
    ///
    /// - Parameters:
    ///   - topic: One of the definition's inputs.
    ///   - key: nil is a record without key.
    ///   - value: nil is a tombstone.
    ///   - headers: In order.
    ///   - partition: The task that gets it.
    ///   - timestamp: nil is the clock's time.
    /// - Throws: The failure under the policy `stop`.
    public func pipe(
        topic: String,
        key: [UInt8]? = nil,
        value: [UInt8]?,
        headers: [RecordHeader] = [],
        partition: Int32 = 0,
        timestamp: Int64? = nil
    ) throws {
        precondition(definition.inputs.contains(topic), "\(topic) is no input of \(definition.name)")
        let place = "\(topic)/\(partition)"
        let offset = offsets[place] ?? 0
        offsets[place] = offset + 1
        let record = OwnedRecord(
            topic: topic,
            partition: partition,
            offset: offset,
            timestamp: timestamp ?? now,
            key: key,
            value: value,
            headers: headers,
            defaultTypes: definition.defaultTypes
        )
        switch engine {
        case .processor: try run(record)
        case .async(let engine): engine.add(record)
        }
    }

    /// Feeds an output of another driver, as the log would.
    ///
    /// - Parameter record: Its topic must be an input.
    /// - Throws: The failure under the policy `stop`.
    public func pipe(_ record: TestRecord) throws {
        try pipe(topic: record.topic, key: record.key, value: record.value, headers: record.headers)
    }

    private func run(_ record: OwnedRecord) throws {
        let task = try task(record.partition)
        try task.view.show(record) {
            _ = try task.run { written.append($0) }
        }
    }

    private func task(_ partition: Int32) throws -> TaskRunner {
        if let found = tasks[partition] { return found }
        guard case .processor(let make) = engine else { preconditionFailure("\(definition.name) has no tasks") }
        let stores = Dictionary(
            uniqueKeysWithValues: definition.stores.map { ($0, TrackedStore(MemoryStore(name: $0))) }
        )
        let host = TaskRunner.Host(pause: { _ in true }) { [unowned self] failure, _ in failures.append(failure) }
        let task = try TaskRunner(
            definition,
            partition: partition,
            stores: stores,
            clock: .manual(clock),
            host: host,
            make: make
        )
        tasks[partition] = task
        return task
    }

    /// Turns the clock; timers that become due are called, in order of their tasks.
    ///
    /// - Parameter duration: At least zero.
    /// - Throws: What a timer throws under the policy `stop`.
    public func advance(by duration: Duration) throws {
        let milliseconds = Int64(duration / .milliseconds(1))
        guard let interval = definition.punctuationInterval else {
            clock.advance(milliseconds: milliseconds)
            return
        }
        var left = duration
        while sincePunctuation + left >= interval {
            let step = interval - sincePunctuation
            clock.advance(milliseconds: Int64(step / .milliseconds(1)))
            left -= step
            sincePunctuation = .zero
            for (_, task) in tasks.sorted(by: { $0.key < $1.key }) {
                try task.punctuate { written.append($0) }
            }
        }
        sincePunctuation += left
        clock.advance(milliseconds: Int64(left / .milliseconds(1)))
    }

    /// Starts what waits and waits until every record of an asynchronous processor has ended.
    ///
    /// - Parameter deadline: How long to wait for the outside.
    /// - Throws: `ProcessingError` when the deadline passes, or the failure under the policy `stop`.
    public func settle(deadline: Duration = .seconds(10)) throws {
        guard case .async(let engine) = engine else { return }
        defer { collect(engine) }
        try engine.settle(deadline: deadline)
    }

    /// All outputs so far, in the order they were written; without dead letters.
    public var outputs: [TestRecord] {
        if case .async(let engine) = engine { collect(engine) }
        return written.filter { !isDeadLetter($0) }.map { TestRecord($0) }
    }

    /// The outputs so far of one topic.
    public func outputs(of topic: String) -> [TestRecord] { outputs.filter { $0.topic == topic } }

    /// The next output of a topic that this call has not given yet; nil when there is none.
    public func readOutput(_ topic: String) -> TestRecord? {
        let all = outputs(of: topic)
        let index = taken[topic] ?? 0
        guard index < all.count else { return nil }
        taken[topic] = index + 1
        return all[index]
    }

    /// Records that were dead-lettered, in order.
    public var deadLetters: [TestRecord] {
        if case .async(let engine) = engine { collect(engine) }
        return written.filter(isDeadLetter).map { TestRecord($0) }
    }

    /// A store of a task.
    ///
    /// - Parameters:
    ///   - name: One of the definition's `stores`.
    ///   - partition: The task.
    /// - Returns: The store, as the processor sees it.
    /// - Throws: What making the processor throws, when the task has had no record yet.
    public func store(_ name: String, partition: Int32 = 0) throws -> any KeyValueStore {
        guard let store = try task(partition).stores[name] else {
            preconditionFailure("processor \(definition.name) has no store '\(name)'")
        }
        return store
    }

    private func isDeadLetter(_ record: OutputRecord) -> Bool { record.isDeadLetter }

    private func collect(_ engine: AsyncEngine) {
        let (outputs, failures) = engine.take()
        written += outputs
        self.failures += failures
    }
}
