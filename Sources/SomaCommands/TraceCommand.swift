import Clocks
import Events
import JSON
import RdKafka

/// The command `soma trace`.
enum TraceCommand {
    /// The topics of a turn, in the order in which it goes through them.
    static let path = [
        "conversation.events", "conversation.turns", "slm.requests", "slm.responses", "billing", "agent.audit",
    ]

    /// How far clocks of gateway and broker may be apart.
    private static let skewMilliseconds: Int64 = 60_000

    static let command = Command(
        "trace",
        "Follow a request through the topics, with offsets and latencies.",
        arguments: [
            .required("REQUEST_ID", "The request: x-request-id of the answer, the correlation id of its records.")
        ],
        options: [
            Command.Option(
                "since",
                "TIME",
                "Read from this time on; else the time in the id if it is a UUIDv7, else all."
            )
        ],
        examples: ["soma trace 01931f6e-7f0a-7c3e-9d53-2f3f0a3d1b11"]
    ) { invocation in
        let request = invocation.words[0]
        let start = try start(request, invocation)
        let admin = try invocation.admin()
        let cluster = try invocation.patiently { try admin.cluster(deadline: invocation.globals.timeout) }
        let wanted = path + path.map { $0 + ".dlq" }
        let partitions = cluster.topics.filter { wanted.contains($0.name) }.flatMap { topic in
            topic.partitions.map { TopicPartition(topic.name, $0.index) }
        }
        guard !partitions.isEmpty else { throw CommandError.notFound("none of the topics of a turn is there") }
        let spans = try PartitionSpans.resolve(OffsetRange(start: start), partitions, admin, invocation)
        let steps = try find(request, spans, invocation)
        guard !steps.isEmpty else {
            throw CommandError.notFound("no record of request \(request) in \(spans.offsetCount) records")
        }
        try invocation.emit(table(steps, invocation), json(steps))
        say(steps, invocation)
        return .success
    }

    /// One record of the request.
    struct Step: Sendable {
        let record: LogRecord
        let envelope: Envelope
    }

    private static func start(_ request: String, _ invocation: Invocation) throws -> OffsetRange.Place {
        if let since = invocation.option("since") {
            guard let time = TimeText.milliseconds(since, now: Clock.system.wallMilliseconds) else {
                throw CommandError.usage("--since must be a time such as -1h or 2026-11-21T03:00:00Z, not \(since)")
            }
            return .time(time)
        }
        return RequestTime.milliseconds(request).map { .time($0 - skewMilliseconds) } ?? .start
    }

    private static func find(_ request: String, _ spans: PartitionSpans, _ invocation: Invocation) throws -> [Step] {
        let bytes = Array(request.utf8)
        var reader = LogReader(consumer: try invocation.consumer(group: nil))
        reader.isWanted = { record in
            var isFound = false
            var hasID = false
            record.forEachHeader { name, value in
                guard name == "ce_correlationid" || name == "ce_id", let value else { return }
                hasID = true
                if value.elementsEqual(bytes) { isFound = true }
            }
            // A record that a plain producer wrote is known by its place.
            return isFound || !hasID && "\(record.topic)/\(record.partition)/\(record.offset)" == request
        }
        var steps: [Step] = []
        _ = try reader.read(spans, follow: false) { records in
            for record in records {
                steps.append(Step(record: record, envelope: record.envelope(defaultType: "message.user")))
            }
            return true
        }
        return steps.sorted { left, right in
            (left.envelope.time, rank(left), left.record.offset) < (
                right.envelope.time, rank(right), right.record.offset
            )
        }
    }

    /// Within one millisecond the path tells the order; what goes back to the session comes after the model.
    private static func rank(_ step: Step) -> Int {
        if step.envelope.type.hasPrefix("assistant.") { return 4 * 2 - 1 }
        return (path.firstIndex(of: step.record.topic) ?? path.count) * 2
    }

    private static func table(_ steps: [Step], _ invocation: Invocation) -> Table {
        var table = Table(
            .right("+MS"),
            .left("TOPIC"),
            .right("PARTITION"),
            .right("OFFSET"),
            .left("TYPE"),
            .left("ID"),
            .left("TIME"),
            .left("CAUSED-BY", wide: true)
        )
        let first = steps.first?.envelope.time ?? 0
        for step in steps {
            table.add(
                "\(step.envelope.time - first)",
                step.record.topic,
                "\(step.record.partition)",
                "\(step.record.offset)",
                step.envelope.type,
                step.envelope.id,
                EventTime.text(milliseconds: step.envelope.time),
                step.envelope.causationID ?? ""
            )
        }
        return table
    }

    private static func json(_ steps: [Step]) -> JSON {
        let first = steps.first?.envelope.time ?? 0
        return .array(
            steps.map { step in
                [
                    "topic": .string(step.record.topic), "partition": .integer(Int64(step.record.partition)),
                    "offset": .integer(step.record.offset), "type": .string(step.envelope.type),
                    "id": .string(step.envelope.id), "source": .string(step.envelope.source),
                    "causation_id": step.envelope.causationID.map { .string($0) } ?? nil,
                    "tenant": .string(step.envelope.tenant),
                    "time": .string(EventTime.text(milliseconds: step.envelope.time)),
                    "since_first_ms": .integer(step.envelope.time - first),
                ]
            }
        )
    }

    private static func say(_ steps: [Step], _ invocation: Invocation) {
        guard invocation.isForPeople, let first = steps.first else { return }
        func after(_ types: Set<String>) -> String {
            steps.first { types.contains($0.envelope.type) }.map { "\($0.envelope.time - first.envelope.time) ms" }
                ?? "-"
        }
        invocation.console.say(
            "\(steps.count) records in \(Set(steps.map(\.record.topic)).count) topics; first piece of the answer after "
                + "\(after(["assistant.delta", "assistant.final"])), end after "
                + after(["assistant.final", "assistant.error", "turn.denied"])
        )
    }
}

/// The time that is written into an id.
enum RequestTime {
    /// The milliseconds of a UUIDv7, also behind a prefix such as `chatcmpl-`; nil for any other id.
    static func milliseconds(_ id: String) -> Int64? {
        let text = id.suffix(36)
        let digits = text.filter { $0 != "-" }
        guard text.utf8.count == 36, digits.utf8.count == 32, digits.allSatisfy(\.isHexDigit),
            digits.dropFirst(12).first == "7"
        else { return nil }
        return Int64(digits.prefix(12), radix: 16)
    }
}
