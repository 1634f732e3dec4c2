import Events
import Glibc
import JSON
import RdKafka
import Synchronization

/// The command `soma topic produce`.
enum TopicProduce {
    static let command = Command(
        "produce",
        "Write records from standard input to a topic.",
        arguments: [.required("TOPIC", "Where to write; a format with %t or JSON may name others.")],
        options: [
            Command.Option("format", "f", "FORMAT", "How input is cut: percent letters, or json; default %v\\n."),
            Command.Option("key", "k", "KEY", "Key of all records that bring none."),
            Command.Option("header", "H", "KEY:VALUE", repeats: true, "A header of all records."),
            Command.Option("compression", "z", "CODEC", "none, gzip, snappy, lz4 or zstd."),
            Command.Option("partition", "p", "N", "Write to this partition; else the key decides."),
            Command.Option("acks", "N", "Acknowledgements to wait for: all, 1 or 0; default all."),
            .flag("tombstone", "Z", "An empty value is a record without value."),
            .flag("allow-auto-topic-creation", "Write also to a topic that is not there."),
        ],
        details: """
            Formats: %t topic, %k key, %v value, with the text that stands between them in the input. With json, every
            line is an object with key, value, headers, partition and timestamp, as `soma topic consume -f json` writes it.
            """,
        examples: [
            "echo hello | soma topic produce greetings", "soma topic produce orders -f '%k %v\\n' -z zstd < orders.txt",
        ]
    ) { invocation in
        let reader = try RecordReader(invocation.option("format") ?? "%v\\n")
        let defaults = try Defaults(invocation)
        if !invocation.flag("allow-auto-topic-creation") {
            _ = try invocation.topics([invocation.words[0]], invocation.admin())
        }
        let outcome = Mutex(Outcome())
        let producer = try invocation.producer(try settings(invocation)) { reports in
            outcome.withLock { $0.add(reports) }
        }
        var count = 0
        try readInput(reader, topic: invocation.words[0]) { record in
            count += 1
            try send(defaults.applied(to: record), producer, UInt(count))
        }
        try producer.flush(deadline: max(invocation.globals.timeout, .seconds(30)))
        let result = outcome.withLock { $0 }
        try producer.close(deadline: .seconds(5))
        if let failure = result.failure {
            throw CommandError(
                "\(count - result.delivered) of \(count) records were not written: \(failure)",
                status: CommandError.status(of: failure)
            )
        }
        if invocation.isForPeople {
            invocation.console.say("\(count) \(count == 1 ? "record" : "records") written to \(invocation.words[0])")
        } else {
            let places = result.places.sorted { $0.opaque < $1.opaque }
            try invocation.emit(
                .array(
                    places.map { ["partition": .integer(Int64($0.partition)), "offset": .integer($0.offset)] }
                )
            )
        }
        return .success
    }

    /// What became of the records; places are kept for the output, up to a bound.
    private struct Outcome {
        static let placesMax = 100_000
        var delivered = 0
        var failure: KafkaError?
        var places: [DeliveryReport] = []

        mutating func add(_ reports: UnsafeBufferPointer<DeliveryReport>) {
            for report in reports {
                if let error = report.error("write") {
                    failure = failure ?? error
                } else {
                    delivered += 1
                    if places.count < Self.placesMax { places.append(report) }
                }
            }
        }
    }

    /// What the options add to every record.
    private struct Defaults {
        var key: [UInt8]?
        var headers: [RecordHeader] = []
        var partition: Int32?
        var emptyIsTombstone: Bool

        init(_ invocation: Invocation) throws {
            key = invocation.option("key").map { Array($0.utf8) }
            emptyIsTombstone = invocation.flag("tombstone")
            partition = try invocation.integer("partition", in: 0...Int64(Int32.max)).flatMap { Int32(exactly: $0) }
            for pair in invocation.options("header") {
                guard let colon = pair.firstIndex(where: { $0 == ":" || $0 == "=" }), colon > pair.startIndex else {
                    throw CommandError.usage("-H takes key:value, not \(pair)")
                }
                headers.append(RecordHeader(String(pair[..<colon]), text: String(pair[pair.index(after: colon)...])))
            }
        }

        func applied(to record: LogRecord) -> LogRecord {
            var record = record
            record.key = record.key ?? key
            record.headers += headers
            if record.partition < 0 || partition != nil { record.partition = partition ?? -1 }
            if emptyIsTombstone, record.value?.isEmpty == true { record.value = nil }
            return record
        }
    }

    private static func settings(_ invocation: Invocation) throws -> [String: String] {
        // Throughput: input is piped in, and a record waits 5 ms at most.
        var settings = ["linger.ms": "5"]
        if let codec = invocation.option("compression") {
            guard ["none", "gzip", "snappy", "lz4", "zstd"].contains(codec) else {
                throw CommandError.usage("-z is none, gzip, snappy, lz4 or zstd, not \(codec)")
            }
            settings["compression.codec"] = codec
        }
        switch invocation.option("acks") {
        case nil, "all", "-1": break
        case let acks? where acks == "0" || acks == "1":
            settings["acks"] = acks
            settings["enable.idempotence"] = "false"
        case let other?: throw CommandError.usage("--acks is all, 1 or 0, not \(other)")
        }
        return settings
    }

    /// Reads standard input to its end and hands over whole records.
    private static func readInput(
        _ reader: RecordReader,
        topic: String,
        _ body: (LogRecord) throws -> Void
    ) throws {
        var pending: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(0, &block, block.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandError("cannot read standard input: \(String(cString: strerror(errno)))")
            }
            pending.append(contentsOf: block[0..<count])
            var rest = pending[...]
            while let record = try reader.next(&rest, topic: topic, isLast: count == 0) { try body(record) }
            pending = Array(rest)
            guard pending.count <= RecordReader.recordBytesMax else {
                throw CommandError(
                    "a record of the input is larger than \(RecordReader.recordBytesMax) bytes, or the format does not fit"
                )
            }
            if count == 0 { return }
        }
    }

    private static func send(_ record: LogRecord, _ producer: Producer, _ number: UInt) throws {
        while true {
            do {
                try producer.produce(
                    topic: record.topic,
                    partition: record.partition < 0 ? nil : record.partition,
                    key: record.key,
                    value: record.value,
                    headers: record.headers.map { ($0.name, $0.value) },
                    timestamp: record.timestamp < 0 ? nil : record.timestamp,
                    opaque: number
                )
                return
            } catch {
                guard error.code == .queueFull else { throw error }
                // The bound of the queue is the backpressure: wait for acknowledgements.
                usleep(1000)
            }
        }
    }
}
