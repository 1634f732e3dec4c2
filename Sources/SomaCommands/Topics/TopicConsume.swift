import Clocks
import JSON
import RdKafka

/// The command `soma topic consume`.
enum TopicConsume {
    static let command = Command(
        "consume",
        "Read records of topics.",
        arguments: [.oneOrMore("TOPIC", "A topic.")],
        options: [
            Command.Option(
                "offset",
                "o",
                "OFFSET",
                "start, end, N, +N, -N, A:B, @TIME or @TIME:TIME; default start."
            ),
            Command.Option("partition", "p", "N,...", repeats: true, "Only these partitions."),
            Command.Option("num", "n", "N", "Stop after so many records."),
            Command.Option("group", "g", "GROUP", "Read as a member of a consumer group, and commit."),
            Command.Option("format", "f", "FORMAT", "Percent letters, or json; default json."),
            .flag("follow", "Wait for new records at the end of the log."),
            .flag("meta-only", "JSON without key and value."),
        ],
        details: """
            Formats: %t topic, %k key, %v value, %h headers, %p partition, %o offset, %d time in ms, %i counter; upper case
            for the length; \\n and \\t. Times: RFC 3339, a date, unix s, ms or ns, or a time before now such as -1h.
            """,
        examples: [
            "soma topic consume conversation.events -o -10", "soma topic consume billing -o @-1h -f '%o %k %v\\n'",
            "soma topic consume slm.requests --follow -n 1",
        ]
    ) { invocation in
        let format = try RecordFormat(invocation.option("format") ?? "json")
        let limit = try invocation.integer("num", in: 1...Int64.max) ?? .max
        let now = Clock.system.wallMilliseconds
        let range = try invocation.option("offset").map { try OffsetRange($0, now: now) }
        let only = try invocation.partitionNumbers()
        var writer = Writer(invocation: invocation, format: format, limit: limit)
        if let group = invocation.option("group") {
            guard only.isEmpty, range?.end == nil else {
                throw CommandError.usage(
                    "--group reads the partitions that the group assigns: leave -p and ranges away"
                )
            }
            return try GroupReader(invocation: invocation, group: group, start: range?.start, limit: limit).read {
                try writer.write($0)
            }
        }
        let stop = StopSignal()
        let admin = try invocation.admin()
        let partitions = try invocation.partitions(of: invocation.words, admin, only: only)
        let spans = try PartitionSpans.resolve(
            range ?? OffsetRange(start: .start),
            partitions,
            admin,
            invocation
        )
        let consumer = try invocation.consumer(group: nil)
        let follows = invocation.flag("follow") && range?.end == nil
        _ = try LogReader(consumer: consumer, shouldStop: { stop.isRequested })
            .read(spans, follow: follows) { try writer.write($0) }
        return stop.isRequested ? .interrupted : .success
    }

    /// Writes records until there are enough.
    private struct Writer {
        let invocation: Invocation
        let format: RecordFormat
        let limit: Int64
        var count = 0

        /// - Returns: Whether more are wanted.
        mutating func write(_ records: [LogRecord]) throws -> Bool {
            var bytes: [UInt8] = []
            for var record in records where Int64(count) < limit {
                if invocation.flag("meta-only") { (record.key, record.value) = (nil, nil) }
                format.append(record, counter: count, to: &bytes)
                count += 1
            }
            try invocation.console.write(bytes)
            // Someone may watch a slow topic; a batch is enough to wait for.
            try invocation.console.flush()
            return Int64(count) < limit
        }
    }

    /// Reads as a member of a group: what was written out is committed.
    private struct GroupReader {
        let invocation: Invocation
        let group: String
        let start: OffsetRange.Place?
        let limit: Int64

        func read(_ body: ([LogRecord]) throws -> Bool) throws -> ExitStatus {
            let stop = StopSignal()
            let place: OffsetPosition
            switch start {
            case nil, .start: place = .beginning
            case .end: place = .end
            default:
                throw CommandError.usage(
                    "--group starts at its committed offsets; -o start or -o end is for those without"
                )
            }
            let admin = try invocation.admin()
            let partitions = try invocation.partitions(of: invocation.words, admin)
            let marks = try invocation.watermarks(partitions, admin)
            var count: Int64 = 0
            let consumer = try invocation.consumer(group: group, start: place)
            try consumer.subscribe(invocation.words)
            let deadline = ContinuousClock.now + invocation.globals.timeout
            while !stop.isRequested {
                // Never more than is wanted: what is not written must not be committed.
                let batch = try consumer.poll(maxRecords: Int(min(1024, limit - count)), timeout: .milliseconds(100))
                if batch.isEmpty {
                    let assigned = consumer.assignment
                    if assigned.isEmpty, ContinuousClock.now > deadline {
                        throw CommandError("the group \(group) gave no partitions in time", status: .timedOut)
                    }
                    let isAtEnd =
                        !assigned.isEmpty
                        && assigned.allSatisfy { partition in
                            guard let mark = marks[partition] else { return true }
                            return consumer.position(partition) ?? (place == .end ? mark.high : mark.low) >= mark.high
                        }
                    if isAtEnd, !invocation.flag("follow") { break }
                    continue
                }
                var records: [LogRecord] = []
                var next: [TopicPartition: Int64] = [:]
                for run in batch.runs {
                    for index in run.range { records.append(LogRecord(batch[index], topic: run.partition.topic)) }
                }
                count += Int64(records.count)
                let goesOn = try body(records)
                for record in records { next[TopicPartition(record.topic, record.partition)] = record.offset + 1 }
                try consumer.commit(next, deadline: invocation.globals.timeout)
                if !goesOn { break }
            }
            try consumer.close(deadline: .seconds(5))
            return stop.isRequested ? .interrupted : .success
        }
    }
}
