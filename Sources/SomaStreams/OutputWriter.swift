import Events
import RdKafka
import Telemetry

/// Writes outputs with one producer; from any thread.
final class OutputWriter: Sendable {
    let producer: Producer
    private let metrics: ProcessorMetrics
    private let stop: StopSignal
    private let deadline: Duration

    init(_ producer: Producer, _ metrics: ProcessorMetrics, stop: StopSignal, deadline: Duration) {
        self.producer = producer
        self.metrics = metrics
        self.stop = stop
        self.deadline = deadline
    }

    /// Queues a record; waits while the producer's queue is full.
    ///
    /// `tag`: Comes back in the ledger when the record is acknowledged.
    /// Throws `KafkaError` when the queue does not drain in time, or the record can never be written.
    func write(_ record: OutputRecord, tag: UInt) throws(KafkaError) {
        let end = ContinuousClock.now + deadline
        let headers = record.headers.map { (name: $0.name, value: $0.value) }
        while true {
            do throws(KafkaError) {
                try producer.produce(
                    topic: record.topic,
                    partition: record.partition,
                    key: record.key,
                    value: record.value,
                    headers: headers,
                    timestamp: record.timestamp,
                    opaque: tag
                )
                break
            } catch {
                guard error.code == .queueFull, ContinuousClock.now < end else { throw error }
                // Returns as soon as all is acknowledged; a part of it makes room just as well.
                try? producer.flush(deadline: .milliseconds(20))
            }
        }
        metrics.recordsOut.add()
        metrics.bytesOut.add(record.byteCount)
    }
}
