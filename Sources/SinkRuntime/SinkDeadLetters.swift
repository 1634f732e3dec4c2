import Clocks
import Events
import RdKafka
import Synchronization

/// Writes the records that a sink refuses to their dead-letter topics; made when the first one comes.
final class SinkDeadLetters {
    private let sink: String
    private let brokers: String
    private let settings: SinkSettings
    private var producer: Producer?
    private var knownTopics: Set<String> = []
    private let failure = FirstFailure()

    /// The first record that was not written.
    private final class FirstFailure: Sendable {
        let error = Mutex<KafkaError?>(nil)
    }

    init(_ sink: String, _ brokers: String, _ settings: SinkSettings) {
        self.sink = sink
        self.brokers = brokers
        self.settings = settings
    }

    func write(_ record: SinkRecord, _ refusal: SinkError.Refusal) throws(KafkaError) {
        let topic = DeadLetterContext.topic(of: record.place.topic)
        try ensure(topic, like: record.place.topic)
        let context = DeadLetterContext(
            place: record.place,
            offset: record.offset,
            connector: sink,
            stage: .write,
            errorClass: "SinkError",
            message: refusal.message,
            code: refusal.code
        )
        let producer = try openProducer()
        try producer.produce(
            topic: topic,
            key: record.key,
            value: record.value,
            headers: context.headers(over: record.headers.map { (name: $0.name, value: $0.value) }),
            timestamp: settings.clock.wallMilliseconds
        )
    }

    private func openProducer() throws(KafkaError) -> Producer {
        if let producer { return producer }
        let failure = failure
        let made = try Producer(brokers: brokers, settings: ["client.id": sink]) { reports in
            guard let failed = reports.first(where: { !$0.isDelivered }) else { return }
            failure.error.withLock { $0 = $0 ?? failed.error("write a dead letter") }
        }
        producer = made
        return made
    }

    /// Waits until all are in the log.
    func flush(deadline: Duration) throws(KafkaError) {
        try producer?.flush(deadline: deadline)
        if let error = failure.error.withLock({ $0 }) { throw error }
    }

    func close() { try? producer?.close(deadline: .milliseconds(100)) }

    private func ensure(_ topic: String, like source: String) throws(KafkaError) {
        guard !knownTopics.contains(topic) else { return }
        let admin = try Admin(brokers: brokers)
        let partitions = try admin.topic(source, deadline: settings.requestDeadline).partitions.count
        let new = Admin.NewTopic(
            topic,
            partitions: Int32(clamping: partitions),
            replicationFactor: settings.replicationFactor,
            // The error context comes on top of a record that may have been as large as the broker takes.
            configuration: ["max.message.bytes": "2097152"]
        )
        try admin.createTopics([new], allowExisting: true, deadline: settings.requestDeadline)
        knownTopics.insert(topic)
    }
}
