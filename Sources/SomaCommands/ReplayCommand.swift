import Clocks
import Events
import Glibc
import JSON
import RdKafka
import Synchronization

/// The command `soma replay`.
enum ReplayCommand {
    static let command = Command(
        "replay",
        "Let a group read a range again, or copy a range into another topic.",
        arguments: [.required("TOPIC", "What is replayed.")],
        options: [
            Command.Option("from", "PLACE", "start, a time (RFC 3339, unix time, -1h) or an offset; default start."),
            Command.Option("to", "PLACE", "end, a time or an offset, which is not read; default end."),
            Command.Option("into", "group/G|topic/T", "Where to."),
            Command.Option("rate", "N", "Records a second at most, when copying."),
            .flag("dry-run", "Show what would be done, do nothing."),
        ],
        details: """
            Into a group: its offsets are set to the beginning of the range; the group must have no members, and reads on to
            the end of the log when it is started again. Into a topic: records are copied with key, value, headers and time;
            partitions keep their number when both topics have as many. Copies carry the header soma-replay: RUN/copy.
            """,
        examples: [
            "soma replay billing --from 2026-11-01 --to 2026-12-01 --into topic/billing.check --dry-run",
            "soma replay conversation.events --from -1h --into group/turn-gate",
        ]
    ) { invocation in
        guard let into = invocation.option("into") else { throw CommandError.usage("say --into group/G or topic/T") }
        let range = try range(invocation)
        let admin = try invocation.admin()
        if into.hasPrefix("group/"), into.utf8.count > 6 {
            return try intoGroup(String(into.dropFirst(6)), range, admin, invocation)
        }
        guard into.hasPrefix("topic/"), into.utf8.count > 6 else {
            throw CommandError.usage("--into is group/G or topic/T, not \(into)")
        }
        return try intoTopic(String(into.dropFirst(6)), range, admin, invocation)
    }

    private static func range(_ invocation: Invocation) throws -> OffsetRange {
        let now = Clock.system.wallMilliseconds
        func place(_ name: String, _ otherwise: OffsetRange.Place) throws -> OffsetRange.Place {
            guard let text = invocation.option(name) else { return otherwise }
            // Small numbers are offsets, ten digits and more are unix time.
            if let number = Int64(text), number >= 0, number < 1_000_000_000 { return .offset(number) }
            if let time = TimeText.milliseconds(text, now: now) { return .time(time) }
            return try OffsetRange(text, now: now).start
        }
        return try OffsetRange(start: place("from", .start), end: place("to", .end))
    }

    private static func intoGroup(
        _ group: String,
        _ range: OffsetRange,
        _ admin: Admin,
        _ invocation: Invocation
    ) throws -> ExitStatus {
        if invocation.option("to") != nil {
            throw CommandError.usage("--to needs --into topic/T: a group reads on to the end of the log")
        }
        let partitions = try invocation.partitions(of: invocation.words, admin)
        try GroupSeek.checkInactive(group, admin, invocation, mayBeNew: true)
        let spans = try PartitionSpans.resolve(range, partitions, admin, invocation)
        if !invocation.flag("dry-run") {
            try invocation.confirm("Let \(group) read \(spans.offsetCount) records of \(invocation.words[0]) again?")
            try admin.alterGroupOffsets(group, spans.spans.mapValues(\.start), deadline: invocation.globals.timeout)
        }
        try emit(spans, "group/\(group)", run: nil, copied: nil, invocation)
        return .success
    }

    private static func intoTopic(
        _ target: String,
        _ range: OffsetRange,
        _ admin: Admin,
        _ invocation: Invocation
    ) throws -> ExitStatus {
        let source = invocation.words[0]
        guard target != source else { throw CommandError.usage("a topic cannot be replayed into itself") }
        let stop = StopSignal()
        let partitions = try invocation.partitions(of: [source], admin)
        let targetPartitions = try invocation.topics([target], admin).first?.partitions.count
        let rate = try invocation.integer("rate", in: 1...10_000_000)
        let spans = try PartitionSpans.resolve(range, partitions, admin, invocation)
        var random = SystemRandomNumberGenerator()
        let run = EventID.uuidV7(milliseconds: Clock.system.wallMilliseconds, using: &random)
        guard !invocation.flag("dry-run") else {
            try emit(spans, "topic/\(target)", run: run, copied: nil, invocation)
            return .success
        }
        let copier = try Copier(
            target: target,
            run: run,
            keepsPartitions: targetPartitions == partitions.count,
            rate: rate,
            invocation
        )
        var reader = LogReader(consumer: try invocation.consumer(group: nil))
        reader.shouldStop = { stop.isRequested }
        _ = try reader.read(spans, follow: false) { records in
            try copier.copy(records)
            return true
        }
        try copier.finish()
        try emit(spans, "topic/\(target)", run: run, copied: copier.copied, invocation)
        guard stop.isRequested else { return .success }
        invocation.console.say("interrupted: the copy is not whole")
        return .interrupted
    }

    private static func emit(
        _ spans: PartitionSpans,
        _ into: String,
        run: String?,
        copied: [TopicPartition: Int64]?,
        _ invocation: Invocation
    ) throws {
        let isDry = invocation.flag("dry-run")
        var table = Table(
            .left("TOPIC"),
            .right("PARTITION"),
            .right("FROM-OFFSET"),
            .right("TO-OFFSET"),
            .right("OFFSETS"),
            .right("COPIED")
        )
        var list: [JSON] = []
        for (partition, span) in spans.spans.sorted(by: { $0.key < $1.key }) {
            let count = copied.map { $0[partition] ?? 0 }
            table.add(
                partition.topic,
                "\(partition.partition)",
                "\(span.start)",
                "\(span.end)",
                "\(span.end - span.start)",
                count.map { "\($0)" } ?? "-"
            )
            list.append([
                "partition": .integer(Int64(partition.partition)), "from_offset": .integer(span.start),
                "to_offset": .integer(span.end), "copied": count.map { .integer($0) } ?? nil,
            ])
        }
        let total = copied.map { $0.values.reduce(0, +) }
        try invocation.emit(
            table,
            [
                "topic": .string(invocation.words[0]), "into": .string(into), "run": run.map { .string($0) } ?? nil,
                "dry_run": .bool(isDry), "offsets": .integer(spans.offsetCount),
                "copied": total.map { .integer($0) } ?? nil, "partitions": .array(list),
            ]
        )
        guard invocation.isForPeople else { return }
        if isDry {
            invocation.console.say("\(spans.offsetCount) offsets; nothing was done: --dry-run")
        } else if let total, let run {
            invocation.console.say("\(total) records copied to \(into) by run \(run)")
        } else {
            invocation.console.say("start \(into.dropFirst(6)) again to let it read \(spans.offsetCount) offsets")
        }
    }

    /// Writes copies and waits for all of them.
    private final class Copier {
        private let target: String
        private let mark: RecordHeader
        private let keepsPartitions: Bool
        private let rate: Int64?
        private let console: Console
        private let producer: Producer
        private let failure: Failure
        private let begin = ContinuousClock.now
        private var lastTold = ContinuousClock.now
        private(set) var copied: [TopicPartition: Int64] = [:]
        private var count: Int64 = 0

        /// The first record that was refused.
        private final class Failure: Sendable {
            private let first = Mutex<KafkaError?>(nil)
            func note(_ reports: UnsafeBufferPointer<DeliveryReport>) {
                for report in reports {
                    guard let error = report.error("copy") else { continue }
                    first.withLock { $0 = $0 ?? error }
                }
            }
            func check() throws { if let error = first.withLock({ $0 }) { throw error } }
        }

        init(target: String, run: String, keepsPartitions: Bool, rate: Int64?, _ invocation: Invocation) throws {
            self.target = target
            self.keepsPartitions = keepsPartitions
            self.rate = rate
            console = invocation.console
            mark = RecordHeader("soma-replay", text: "\(run)/copy")
            let failure = Failure()
            self.failure = failure
            producer = try invocation.producer(["linger.ms": "5"]) { failure.note($0) }
        }

        func copy(_ records: [LogRecord]) throws {
            for record in records {
                try failure.check()
                pace()
                let headers = record.headers.filter { $0.name != mark.name } + [mark]
                try send(record, headers.map { ($0.name, $0.value) })
                copied[TopicPartition(record.topic, record.partition), default: 0] += 1
                count += 1
            }
            guard ContinuousClock.now - lastTold > .seconds(2) else { return }
            lastTold = .now
            console.say("\(count) records copied")
        }

        func finish() throws {
            try producer.flush(deadline: .seconds(60))
            try failure.check()
            try producer.close(deadline: .seconds(5))
        }

        /// Waits until the next record is due.
        private func pace() {
            guard let rate else { return }
            let due = begin + .nanoseconds(count.multipliedReportingOverflow(by: 1_000_000_000).partialValue / rate)
            let wait = due - ContinuousClock.now
            if wait > .zero {
                let (seconds, attoseconds) = wait.components
                usleep(UInt32(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
            }
        }

        private func send(_ record: LogRecord, _ headers: [(name: String, value: [UInt8]?)]) throws {
            while true {
                do {
                    try producer.produce(
                        topic: target,
                        partition: keepsPartitions ? record.partition : nil,
                        key: record.key,
                        value: record.value,
                        headers: headers,
                        timestamp: record.timestamp < 0 ? nil : record.timestamp
                    )
                    return
                } catch {
                    guard error.code == .queueFull else { throw error }
                    usleep(1000)
                }
            }
        }
    }
}
