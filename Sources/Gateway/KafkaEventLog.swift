package import RdKafka
import Synchronization

/// Writes through librdkafka, which gathers what comes from all requests at once into batches.
///
/// A request is answered from the delivery report of its last record; no thread waits.
package final class KafkaEventLog: EventLog {
    /// Sends each record at once: for the few of an idle gateway.
    private let quick: RenewedProducer
    /// Waits for company: for the many of a busy one.
    ///
    /// Without that wait librdkafka keeps a core busy whenever its five
    /// requests are on their way and more is queued, and sends batches of one.
    private let gathering: RenewedProducer
    /// Records on their way above which the gateway is busy; as many as librdkafka has requests.
    private static let quickMax = 5
    private static let gatheringMilliseconds = 2
    private let inFlight = Atomic<Int>(0)
    private let inFlightMax: Int

    /// Makes the producer, with acks=all and idempotent; the overrides have librdkafka's names.
    ///
    /// - Throws: `KafkaError` for a setting that is unknown or out of range.
    package init(
        brokers: String,
        settings gateway: GatewaySettings,
        overrides: [String: String] = [:]
    ) throws(KafkaError) {
        var settings = [
            "client.id": "soma-gateway",
            // A client waits for this answer: after so long "not now" serves it better than more waiting.
            "message.timeout.ms": String(gateway.acknowledgeMilliseconds),
            "request.timeout.ms": String(max(1000, gateway.acknowledgeMilliseconds / 2)),
            "message.max.bytes": String(gateway.recordBytesMax + (64 << 10)),
            "linger.ms": "0",
        ]
        settings.merge(overrides) { $1 }
        inFlightMax = gateway.recordsInFlightMax
        func producer(_ settings: [String: String]) throws(KafkaError) -> RenewedProducer {
            try RenewedProducer { () throws(KafkaError) in
                try Producer(brokers: brokers, settings: settings, onDelivery: settleReports)
            }
        }
        quick = try producer(settings)
        gathering = try producer(settings.merging(["linger.ms": String(Self.gatheringMilliseconds)]) { $1 })
    }

    package var recordsInFlight: Int { inFlight.load(ordering: .relaxed) }

    package func append(
        _ records: [OutgoingRecord],
        completion: @escaping @Sendable (Result<[Placement], AppendError>) -> Void
    ) {
        let count = records.count
        let total = inFlight.add(count, ordering: .relaxed).newValue
        guard total <= inFlightMax else {
            inFlight.subtract(count, ordering: .relaxed)
            return completion(.failure(.overloaded))
        }
        // The records of one request stay together, so they keep their order. Two requests at once have none to keep.
        let producer = total <= Self.quickMax ? quick : gathering
        let batch = PendingBatch(topics: records.map(\.topic)) { [self] result in
            inFlight.subtract(count, ordering: .relaxed)
            completion(result)
        }
        for (index, record) in records.enumerated() {
            // Given back by the report, or below when there will be none.
            let slot = Unmanaged.passRetained(PendingRecord(batch: batch, index: index))
            do throws(KafkaError) {
                try producer.produce(record, opaque: UInt(bitPattern: slot.toOpaque()))
            } catch {
                slot.release()
                // What was queued before it may still be written: ids make sending all again harmless.
                batch.fail(from: index, Self.appendError(error))
                return
            }
        }
    }

    /// Waits for what is on its way and stops; blocks.
    package func close(deadline: Duration) throws(KafkaError) {
        let outcome = Result { () throws(KafkaError) in try quick.close(deadline: deadline) }
        try gathering.close(deadline: deadline)
        try outcome.get()
    }

    static func appendError(_ error: KafkaError) -> AppendError {
        if error.code == .queueFull { return .overloaded }
        if error.isRetriable || error.isFatal || error.code == .purged { return .unavailable(error.message) }
        return error.code == .unknownTopic || error.code == .unknownTopicOrPartition
            ? .unavailable(error.message) : .refused(error.message)
    }
}

/// The records of one request that wait for their reports.
private final class PendingBatch: Sendable {
    private struct State {
        var placements: [Placement]
        var left: Int
        var failure: AppendError?
    }

    private let state: Mutex<State>
    private let completion: @Sendable (Result<[Placement], AppendError>) -> Void

    init(topics: [String], completion: @escaping @Sendable (Result<[Placement], AppendError>) -> Void) {
        let placements = topics.map { Placement(topic: $0, partition: -1, offset: -1) }
        state = Mutex(State(placements: placements, left: topics.count))
        self.completion = completion
    }

    func settle(_ index: Int, _ report: DeliveryReport) {
        finish(1) { state in
            if let error = report.error("produce") {
                state.failure = state.failure ?? KafkaEventLog.appendError(error)
            } else {
                state.placements[index].partition = report.partition
                state.placements[index].offset = report.offset
            }
        }
    }

    /// Counts the records from an index on as never queued.
    func fail(from index: Int, _ error: AppendError) {
        let count = state.withLock { $0.placements.count } - index
        finish(count) { $0.failure = $0.failure ?? error }
    }

    private func finish(_ count: Int, _ change: (inout State) -> Void) {
        let result: Result<[Placement], AppendError>? = state.withLock { state in
            change(&state)
            state.left -= count
            guard state.left == 0 else { return nil }
            return state.failure.map { .failure($0) } ?? .success(state.placements)
        }
        if let result { completion(result) }
    }
}

/// One record's place in its batch; travels through librdkafka as the record's opaque pointer.
private final class PendingRecord: Sendable {
    let batch: PendingBatch
    let index: Int

    init(batch: PendingBatch, index: Int) {
        self.batch = batch
        self.index = index
    }
}

private func settleReports(_ reports: UnsafeBufferPointer<DeliveryReport>) {
    for report in reports {
        guard let pointer = UnsafeRawPointer(bitPattern: report.opaque) else { continue }
        let record = Unmanaged<PendingRecord>.fromOpaque(pointer).takeRetainedValue()
        record.batch.settle(record.index, report)
    }
}
