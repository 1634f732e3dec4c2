import Clocks
import Crypto
import RdKafka
import Telemetry

/// What every running instance has: one consumer, one producer, their ledger and its place in the group.
final class InstanceCore {
    let definition: ProcessorDefinition
    let brokers: String
    let settings: RuntimeSettings
    let metrics: ProcessorMetrics
    let log: Logger
    let stop: StopSignal
    let status: ProcessorRuntime.StatusBox
    let consumer: Consumer
    let writer: OutputWriter
    let ledger: DeliveryLedger
    let committer: OffsetCommitter
    private var admin: Admin?
    private var knownTopics: Set<String> = []
    private var stopHandler = 0

    /// How long a stop waits for acknowledgements, commit and leave, each.
    static let stopDeadline = Duration.milliseconds(800)

    init(
        _ definition: ProcessorDefinition,
        _ brokers: String,
        _ settings: RuntimeSettings,
        _ metrics: ProcessorMetrics,
        _ log: Logger,
        _ stop: StopSignal,
        _ status: ProcessorRuntime.StatusBox
    ) throws {
        self.definition = definition
        self.brokers = brokers
        self.settings = settings
        self.metrics = metrics
        self.log = log
        self.stop = stop
        self.status = status
        let name = definition.name
        var consumerSettings = ["client.id": name]
        if let id = settings.instanceID { consumerSettings["group.instance.id"] = "\(name)-\(id)" }
        consumer = try Consumer(
            brokers: brokers,
            group: name,
            start: definition.start == .earliest ? .beginning : .end,
            settings: consumerSettings.merging(settings.consumer) { $1 }
        )
        var producerSettings = ["client.id": name]
        if definition.delivery == .exactlyOnce {
            producerSettings["transactional.id"] = "\(name)-\(settings.instanceID ?? Hex.encode(Secrets.random(8)))"
            producerSettings["transaction.timeout.ms"] = "15000"
            producerSettings["message.timeout.ms"] = "15000"
        }
        let ledger = DeliveryLedger()
        self.ledger = ledger
        let producer = try Producer(brokers: brokers, settings: producerSettings.merging(settings.producer) { $1 }) {
            ledger.take($0)
        }
        writer = OutputWriter(producer, metrics, stop: stop, deadline: settings.requestDeadline)
        committer = OffsetCommitter(consumer, log) {
            metrics.commits.add()
            metrics.commitTime.observe(nanoseconds: $0)
        }
        let waker = consumer.waker
        ledger.setWake { waker.wake() }
        stopHandler = stop.onSet { waker.wake() }
    }

    deinit { stop.remove(stopHandler) }

    var clock: Clock { settings.clock }
    var now: Int64 { clock.wallMilliseconds }
    var monotonic: Int64 { clock.monotonicNanoseconds }

    /// Checks that the topics are there, creates changelogs, joins the group.
    func join() throws {
        var counts: [Int] = []
        for topic in definition.inputs { counts.append(try partitions(of: topic)) }
        for topic in definition.outputs { _ = try partitions(of: topic) }
        if !definition.stores.isEmpty, let first = counts.first, counts.contains(where: { $0 != first }) {
            throw ProcessingError.permanent(
                "not_copartitioned",
                "the inputs \(definition.inputs.joined(separator: ", ")) share state and have "
                    + "\(counts.map(String.init).joined(separator: ", ")) partitions; give them the same number"
            )
        }
        for store in definition.stores {
            try ensureTopic(
                definition.changelogTopic(store),
                partitions: counts.max() ?? 1,
                configuration: ["cleanup.policy": "compact"]
            )
        }
        try consumer.subscribe(definition.inputs)
    }

    private func partitions(of topic: String) throws -> Int {
        guard let count = try knownPartitions(of: topic) else {
            throw ProcessingError.transient(
                "missing_topic",
                "topic \(topic) of processor \(definition.name) does not exist; declare it in topics/ and create it"
            )
        }
        knownTopics.insert(topic)
        return count
    }

    /// The number of partitions; nil when there is no such topic.
    private func knownPartitions(of topic: String) throws(KafkaError) -> Int? {
        do throws(KafkaError) {
            return try consumer.partitionCount(topic, deadline: settings.requestDeadline)
        } catch {
            guard error.code == .unknownTopicOrPartition else { throw error }
            return nil
        }
    }

    /// Creates a topic of ours when it is not there.
    func ensureTopic(_ topic: String, partitions: Int, configuration: [String: String] = [:]) throws {
        guard !knownTopics.contains(topic) else { return }
        if let found = try knownPartitions(of: topic) {
            if configuration["cleanup.policy"] == "compact", found < partitions {
                throw ProcessingError.permanent(
                    "changelog_too_small",
                    "changelog \(topic) has \(found) partitions, the inputs have \(partitions)"
                )
            }
        } else {
            let admin = try self.admin ?? Admin(brokers: brokers)
            self.admin = admin
            let new = Admin.NewTopic(
                topic,
                partitions: Int32(clamping: partitions),
                replicationFactor: settings.replicationFactor,
                configuration: configuration
            )
            try admin.createTopics([new], allowExisting: true, deadline: settings.requestDeadline)
            log.info("topic created", ["topic": .value(topic), "partitions": .value(partitions)])
        }
        knownTopics.insert(topic)
    }

    /// Writes an output; a dead letter's topic is created when it is missing.
    func write(_ output: OutputRecord, tag: UInt) throws {
        if output.topic.hasSuffix(DeadLetterContext.topicSuffix) { try ensureDeadLetterTopic(output.topic) }
        try writer.write(output, tag: tag)
    }

    /// Creates a dead-letter topic with as many partitions as its source.
    func ensureDeadLetterTopic(_ topic: String) throws {
        guard !knownTopics.contains(topic) else { return }
        let source = String(topic.dropLast(DeadLetterContext.topicSuffix.count))
        let count = try consumer.partitionCount(source, deadline: settings.requestDeadline)
        // The error context comes on top of a record that may have been as large as the broker takes.
        try ensureTopic(topic, partitions: count, configuration: ["max.message.bytes": "2097152"])
    }

    func failed(_ failure: ProcessingError, isRetried: Bool) {
        metrics.failed(failure.code)
        if isRetried { metrics.retries.add() }
    }

    func deadLettered(_ failure: ProcessingError, _ partition: TopicPartition, _ offset: Int64) {
        metrics.deadLettered.add()
        log.warning(
            "record dead-lettered",
            [
                "record": .value("\(partition)/\(offset)"), "code": .value(failure.code),
                "reason": .value(failure.message),
            ]
        )
    }

    /// What to do when the broker no longer keeps a position.
    func outOfRange(_ partition: TopicPartition, _ position: Int64) -> OffsetPosition? {
        metrics.failed("offset_out_of_range")
        switch definition.outOfRange {
        case .stop: return nil
        case .earliest: return .beginning
        case .latest: return .end
        }
    }

    func show(_ state: RuntimeStatus.State, _ partitions: [TopicPartition]) {
        let names = partitions.map(\.description)
        metrics.partitions.set(names.count)
        status.update {
            $0.state = state
            $0.partitions = names
        }
    }

    /// Leaves the group and gives producer and consumer back; errors of a client that is given up change nothing.
    func close(handler: (any RebalanceHandler)?) {
        do { try consumer.close(deadline: Self.stopDeadline, handler: handler) } catch {
            log.warning("left the group with an error", ["reason": .value(error)])
        }
        try? writer.producer.close(deadline: .milliseconds(100))
    }
}
