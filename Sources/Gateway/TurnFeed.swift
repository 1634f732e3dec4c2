package import Clocks
import Events
import Glibc
import JSON
import RdKafka
import Synchronization
import Telemetry

/// Follows `conversation.events` from its end and hands events to the requests that wait for them.
///
/// One consumer for all requests, assigned to all partitions by hand: it belongs to no group, commits nothing, and sees
/// what every processor instance writes.
package final class TurnFeed: Sendable {
    private static let log = Logger("gateway")
    private static let topic = AssistantDelta.topic
    /// The longest that a deadline is noticed late.
    private static let tickMilliseconds: Int64 = 100

    private let brokers: String
    private let overrides: [String: String]
    private let table: TurnTable
    private let clock: Clock
    private let partitionCheckMilliseconds: Int64
    private let isStopping = Atomic<Bool>(false)
    private let isFollowing = Atomic<Bool>(false)
    /// As the broker said last; more than are followed means that some were added.
    private let partitionCount = Atomic<Int>(0)
    private let threads = Mutex<[OwnThread]>([])

    package init(
        brokers: String,
        table: TurnTable,
        clock: Clock = .system,
        partitionCheckMilliseconds: Int64 = 10_000,
        overrides: [String: String] = [:]
    ) {
        self.brokers = brokers
        self.table = table
        self.clock = clock
        self.partitionCheckMilliseconds = partitionCheckMilliseconds
        self.overrides = overrides
    }

    /// True while the consumer reads; false while the log cannot be reached.
    package var isReady: Bool { isFollowing.load(ordering: .relaxed) }

    /// Finds the ends of all partitions and starts to follow; blocks until every later record will be seen.
    ///
    /// - Throws: `KafkaError` when the topic is missing or the log cannot be reached.
    package func start(deadline: Duration) throws {
        let starts = try ends(deadline: deadline)
        isFollowing.store(true, ordering: .relaxed)
        threads.withLock { threads in
            threads = [
                OwnThread(name: "turn-feed") { [self] in run(from: starts) },
                // Asking blocks, so it must not happen where answers pass.
                OwnThread(name: "turn-feed-topic") { [self] in watchPartitions() },
            ]
        }
    }

    /// Stops following and waits for the threads.
    package func stop() {
        isStopping.store(true, ordering: .relaxed)
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }

    /// The offset after the last record of each partition.
    ///
    /// Asked for by number: a consumer told to begin "at the end"
    /// finds out where that is only when it first fetches, and misses what was written in between.
    private func ends(deadline: Duration) throws -> [TopicPartition: OffsetPosition] {
        let admin = try Admin(brokers: brokers)
        let topic = try admin.topic(Self.topic, deadline: deadline)
        var starts: [TopicPartition: OffsetPosition] = [:]
        for partition in topic.partitions {
            let place = TopicPartition(Self.topic, partition.index)
            starts[place] = .offset(try admin.watermarks(place, deadline: deadline).high)
        }
        return starts
    }

    private func run(from starts: [TopicPartition: OffsetPosition]) {
        var positions = starts
        while !isStopping.load(ordering: .relaxed) {
            do {
                try follow(&positions)
            } catch {
                isFollowing.store(false, ordering: .relaxed)
                Self.log.warning("the turn feed begins again", ["reason": .value(error)])
                pause(milliseconds: 500)
                // A log that was cut or made anew has not what we would read next: what is written from now on is left.
                if (error as? KafkaError)?.code == .offsetOutOfRange, let ends = try? ends(deadline: .seconds(5)) {
                    positions = ends
                }
            }
        }
    }

    private func pause(milliseconds: Int64) {
        let end = clock.monotonicMilliseconds + milliseconds
        while clock.monotonicMilliseconds < end, !isStopping.load(ordering: .relaxed) {
            table.tick(now: clock.monotonicMilliseconds)
            usleep(20_000)
        }
    }

    private func follow(_ positions: inout [TopicPartition: OffsetPosition]) throws {
        var settings = ["client.id": "soma-gateway", "fetch.wait.max.ms": "500"]
        settings.merge(overrides) { $1 }
        let consumer = try Consumer(brokers: brokers, group: nil, start: .end, settings: settings)
        try consumer.assign(positions)
        isFollowing.store(true, ordering: .relaxed)
        var lastTick = clock.monotonicMilliseconds
        while !isStopping.load(ordering: .relaxed) {
            let batch = try consumer.poll(timeout: .milliseconds(Self.tickMilliseconds))
            for run in batch.runs {
                for index in run.range { take(batch[index]) }
                if let last = run.range.last { positions[run.partition] = .offset(batch[last].offset + 1) }
            }
            let now = clock.monotonicMilliseconds
            if now - lastTick >= Self.tickMilliseconds {
                lastTick = now
                table.tick(now: now)
                if partitionCount.load(ordering: .relaxed) > positions.count { try add(&positions, to: consumer) }
            }
        }
    }

    /// Partitions that were added are read from their first record: nothing was seen of them yet.
    private func add(_ positions: inout [TopicPartition: OffsetPosition], to consumer: Consumer) throws {
        for index in 0..<partitionCount.load(ordering: .relaxed) {
            let partition = TopicPartition(Self.topic, Int32(index))
            if positions[partition] == nil { positions[partition] = .offset(0) }
        }
        try consumer.assign(positions)
        Self.log.info("partitions were added", ["topic": .value(Self.topic), "partitions": .value(positions.count)])
    }

    private func watchPartitions() {
        guard let admin = try? Admin(brokers: brokers) else { return }
        var next = clock.monotonicMilliseconds + partitionCheckMilliseconds
        while !isStopping.load(ordering: .relaxed) {
            usleep(50_000)
            guard clock.monotonicMilliseconds >= next else { continue }
            next = clock.monotonicMilliseconds + partitionCheckMilliseconds
            // A broker that is away is the feed's own worry; the count stays as it was.
            guard let topic = try? admin.topic(Self.topic, deadline: .seconds(2)) else { continue }
            partitionCount.store(topic.partitions.count, ordering: .relaxed)
        }
    }

    /// Looks at a record's headers, and at its value only when a request waits for it.
    private func take(_ record: ConsumerRecord) {
        guard !table.isEmpty else { return }
        var type = ""
        var tenant = Envelope.defaultTenant
        var requestID: String?
        var isReplay = false
        record.forEachHeader { name, value in
            guard let value else { return }
            switch name {
            case "ce_type": type = String(decoding: value, as: UTF8.self)
            case "ce_tenant": tenant = String(decoding: value, as: UTF8.self)
            case "ce_correlationid": requestID = String(decoding: value, as: UTF8.self)
            case "soma-replay": isReplay = true
            default: break
            }
        }
        // A replayed turn answers nobody.
        guard type != UserMessage.type, !isReplay, let requestID, let value = record.value else { return }
        let key = TurnKey(tenant: tenant, requestID: requestID)
        guard table.isWaiting(for: key) else { return }
        do {
            guard let event = try Self.event(type, value) else { return }
            table.dispatch(event, to: key)
        } catch {
            // Whoever waits runs into its deadline; the record itself is for the processors' dead letters.
            Self.log.warning("an event of a turn cannot be read", ["type": .value(type), "reason": .value(error)])
        }
    }

    static func event(_ type: String, _ value: UnsafeRawBufferPointer) throws(EventError) -> TurnEvent? {
        switch type {
        case AssistantDelta.type:
            let delta = try AssistantDelta(bytes: value)
            return .delta(index: delta.index, content: delta.content)
        case AssistantFinal.type: return .final(try AssistantFinal(bytes: value))
        case AssistantError.type:
            let error = try AssistantError(bytes: value)
            return .failed(code: error.code, message: error.message)
        case TurnDenied.type:
            let denied = try TurnDenied(bytes: value)
            return .denied(code: denied.code, reason: denied.reason)
        default: return nil
        }
    }
}
