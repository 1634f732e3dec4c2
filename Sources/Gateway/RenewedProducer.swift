import Events
import RdKafka
import Synchronization
import Telemetry

/// A producer that is made anew when librdkafka says that it is of no more use.
///
/// An idempotent producer ends so when the broker's memory of its sequence numbers is gone, for example after the log
/// was made anew. Records on their way then fail, and their requests with them; the next record goes to a new one.
final class RenewedProducer: Sendable {
    private static let log = Logger("gateway")

    private let make: @Sendable () throws(KafkaError) -> Producer
    private let current: Mutex<Producer>

    init(_ make: @escaping @Sendable () throws(KafkaError) -> Producer) throws(KafkaError) {
        self.make = make
        current = Mutex(try make())
    }

    func produce(_ record: OutgoingRecord, opaque: UInt) throws(KafkaError) {
        let producer = current.withLock { $0 }
        do throws(KafkaError) {
            try Self.produce(record, opaque, producer)
        } catch {
            guard error.isFatal else { throw error }
            Self.log.error("the producer is made anew", ["reason": .value(error)])
            try Self.produce(record, opaque, try replace(producer))
        }
    }

    func close(deadline: Duration) throws(KafkaError) {
        let producer = current.withLock { $0 }
        try producer.close(deadline: deadline)
    }

    private func replace(_ old: Producer) throws(KafkaError) -> Producer {
        let fresh = try make()
        return current.withLock { current in
            // Another thread may have been quicker.
            if current === old { current = fresh }
            return current
        }
    }

    private static func produce(_ record: OutgoingRecord, _ opaque: UInt, _ producer: Producer) throws(KafkaError) {
        try producer.produce(
            topic: record.topic,
            key: record.key,
            value: record.value,
            headers: record.headers.map { (name: $0.name, value: $0.value) },
            timestamp: record.timestamp,
            opaque: opaque
        )
    }
}
