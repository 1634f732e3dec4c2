import Events

/// Makes dead letters: the original record with the error context in headers, named as Kafka Connect names them.
package enum DeadLetter {
    package static let topicSuffix = ".dlq"
    package static let headerPrefix = "__connect.errors."
    package static let codeHeader = "soma-error-code"

    /// A message in a header is cut to this length.
    private static let messageBytesMax = 2000

    package static func topic(of topic: String) -> String { topic + topicSuffix }

    package static func record(
        _ record: OwnedRecord,
        _ error: ProcessingError,
        processor: String,
        now: Int64
    ) -> OutputRecord {
        // A record that was sent back and failed again carries the last failure only.
        var headers = record.headers.filter { !$0.name.hasPrefix(headerPrefix) && $0.name != codeHeader }
        func add(_ name: String, _ value: String) { headers.append(RecordHeader(headerPrefix + name, text: value)) }
        add("topic", record.topic)
        add("partition", String(record.partition))
        add("offset", String(record.offset))
        add("connector.name", processor)
        add("task.id", String(record.partition))
        add("stage", error.kind == .undecodable ? "VALUE_CONVERTER" : "TRANSFORMATION")
        add("exception.class.name", error.cause)
        add("exception.message", String(decoding: error.message.utf8.prefix(messageBytesMax), as: UTF8.self))
        headers.append(RecordHeader(codeHeader, text: error.code))
        return OutputRecord(
            topic: topic(of: record.topic),
            partition: nil,
            key: record.key,
            value: record.value,
            headers: headers,
            timestamp: now
        )
    }
}
