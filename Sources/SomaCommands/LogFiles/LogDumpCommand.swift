import Broker
import CommitLog
import Compression
import JSON
import KafkaProtocol

/// The command `soma log dump`.
enum LogDumpCommand {
    static let command = Command(
        "dump",
        "Show what is in log files: batches, records, indexes, producers, transactions.",
        arguments: [.oneOrMore("FILE|DIR", "Files, folders of partitions, or a data directory; nothing is changed.")],
        details: """
            With -v each record too; those of __consumer_offsets and __transaction_state are read. JSON is one object a
            line. Ends with 5 when a file is damaged; what comes before the damage is shown.
            """,
        examples: ["soma log dump .soma/broker/orders-0", "soma log dump -v .soma/broker/__consumer_offsets-0"]
    ) { invocation in
        var isDamaged = false
        for word in invocation.words {
            let files = try LogFile.all(at: word)
            if files.isEmpty { throw CommandError.notFound("\(word) is no file of a log, and has none in it") }
            for file in files {
                do {
                    try LogDump(invocation).show(file)
                } catch let error as LogError {
                    guard case .corruptLog = error else { throw error }
                    isDamaged = true
                    invocation.console.complain("soma: \(error)")
                }
            }
        }
        return isDamaged ? .unhealthy : .success
    }
}

/// Writes one file after the other.
private struct LogDump {
    private let console: Console
    private let isForPeople: Bool
    private let showsRecords: Bool

    init(_ invocation: Invocation) {
        console = invocation.console
        isForPeople = invocation.isForPeople
        showsRecords = invocation.globals.isVerbose
    }

    func show(_ file: LogFile) throws {
        if isForPeople { try console.write("\(file.path)\n") }
        switch file.kind {
        case .batches:
            try file.forEachBatch { header, bytes, position in
                try show(header, position, file)
                if showsRecords { try showRecords(header, bytes, file) }
            }
        case .offsetIndex:
            for entry in try file.indexEntries() {
                try write(file, [("offset", .integer(entry.offset)), ("position", .integer(entry.position))])
            }
        case .timeIndex:
            for entry in try file.timeEntries() {
                try write(file, [("timestamp", .integer(entry.timestamp)), ("offset", .integer(entry.offset))])
            }
        case .producers:
            for producer in try file.producers() {
                try write(
                    file,
                    [
                        ("producerId", .integer(producer.producerID)),
                        ("producerEpoch", .integer(Int64(producer.producerEpoch))),
                        ("coordinatorEpoch", .integer(Int64(producer.coordinatorEpoch))),
                        ("lastSequence", .integer(Int64(producer.lastSequence))),
                        ("lastTimestamp", .integer(producer.lastTimestamp)),
                        ("transactionStartOffset", .integer(producer.transactionStartOffset)),
                    ]
                )
            }
        case .abortedTransactions:
            for entry in try file.abortedTransactions() {
                try write(
                    file,
                    [
                        ("producerId", .integer(entry.producerID)), ("firstOffset", .integer(entry.firstOffset)),
                        ("lastOffset", .integer(entry.lastOffset)),
                    ]
                )
            }
        }
    }

    private func show(_ header: RecordBatchHeader, _ position: Int64, _ file: LogFile) throws {
        var fields: [(String, JSON)] = [
            ("baseOffset", .integer(header.baseOffset)), ("lastOffset", .integer(header.lastOffset)),
            ("count", .integer(Int64(header.recordCount))), ("position", .integer(position)),
            ("size", .integer(Int64(header.totalByteCount))),
            ("compression", .string(header.attributes.codec?.name ?? "?")),
            ("timestampType", .string(header.attributes.isLogAppendTime ? "LogAppendTime" : "CreateTime")),
            ("maxTimestamp", .integer(header.maxTimestamp)), ("leaderEpoch", .integer(Int64(header.leaderEpoch))),
            ("producerId", .integer(header.producerID)), ("producerEpoch", .integer(Int64(header.producerEpoch))),
            ("baseSequence", .integer(Int64(header.baseSequence))),
            ("lastSequence", .integer(Int64(header.lastSequence))),
            ("isTransactional", .bool(header.attributes.isTransactional)),
            ("isControl", .bool(header.attributes.isControl)), ("crc", .integer(Int64(header.checksum))),
        ]
        if let horizon = header.deleteHorizon { fields.append(("deleteHorizonMs", .integer(horizon))) }
        try write(file, fields)
    }

    private func showRecords(_ header: RecordBatchHeader, _ batch: UnsafeRawBufferPointer, _ file: LogFile) throws {
        if header.attributes.isControl, let marker = EndMarker(batch, header: header) {
            return try write(
                file,
                [
                    ("offset", .integer(header.baseOffset)), ("marker", .string(marker.isCommit ? "COMMIT" : "ABORT")),
                    ("coordinatorEpoch", .integer(Int64(marker.coordinatorEpoch))),
                ],
                indent: "| "
            )
        }
        var rows: [[(String, JSON)]] = []
        try RecordBatch.forEachRecord(in: batch, header: header) { record in
            var fields: [(String, JSON)] = [
                ("offset", .integer(record.offset)), ("timestamp", .integer(record.timestamp)),
            ]
            if let decoded = Self.decode(record.key, record.value, topic: file.topic) {
                fields.append(("record", .string(decoded)))
            } else {
                fields += [("key", Self.text(record.key)), ("value", Self.text(record.value))]
            }
            var headers: [JSON] = []
            try? record.forEachHeader { name, value in
                headers.append(.array([Self.text(name), Self.text(value)]))
                return true
            }
            if !headers.isEmpty { fields.append(("headers", .array(headers))) }
            rows.append(fields)
            return true
        }
        for row in rows { try write(file, row, indent: "| ") }
    }

    /// What the broker itself keeps, nil for other topics and for records of a newer version.
    private static func decode(
        _ key: UnsafeRawBufferPointer?,
        _ value: UnsafeRawBufferPointer?,
        topic: String?
    ) -> String? {
        switch topic {
        case TopicName.consumerOffsets: (try? GroupRecord(key: key, value: value)).map { "\($0)" }
        case TopicName.transactionState: (try? TransactionRecord(key: key, value: value)).map { "\($0)" }
        default: nil
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer?) -> JSON {
        guard let bytes else { return .null }
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        let digits = Array("0123456789abcdef")
        return .string("0x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
    }

    private func write(_ file: LogFile, _ fields: [(String, JSON)], indent: String = "") throws {
        guard isForPeople else {
            let all = [("file", JSON.string(file.path))] + fields
            return try console.write(JSON.object(all.map { JSON.Member($0.0, $0.1) }).text + "\n")
        }
        let words = fields.map { name, value in "\(name): \(value.string ?? value.text)" }
        try console.write(indent + words.joined(separator: " ").filter { $0 == " " || !$0.isWhitespace } + "\n")
    }
}
