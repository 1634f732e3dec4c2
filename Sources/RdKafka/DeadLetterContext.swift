/// Why a record was set aside, written in headers with Kafka Connect's names beside the record's own.
package struct DeadLetterContext: Sendable {
    /// Where in the work the record failed.
    package enum Stage: String, Sendable {
        case read = "VALUE_CONVERTER"
        case process = "TRANSFORMATION"
        case write = "TASK_PUT"
    }

    package static let topicSuffix = ".dlq"
    package static let headerPrefix = "__connect.errors."
    package static let codeHeader = "soma-error-code"
    /// A message in a header is cut to this length.
    private static let messageBytesMax = 2000

    package var place: TopicPartition
    package var offset: Int64
    /// The processor or sink.
    package var connector: String
    package var stage: Stage
    package var errorClass: String
    package var message: String
    /// A stable word, such as `contract_violation`.
    package var code: String

    package init(
        place: TopicPartition,
        offset: Int64,
        connector: String,
        stage: Stage,
        errorClass: String,
        message: String,
        code: String
    ) {
        self.place = place
        self.offset = offset
        self.connector = connector
        self.stage = stage
        self.errorClass = errorClass
        self.message = message
        self.code = code
    }

    package static func topic(of topic: String) -> String { topic + topicSuffix }

    /// The record's own headers and the context after them.
    ///
    /// A record that was sent back and failed again carries the last failure only.
    package func headers(over own: [(name: String, value: [UInt8]?)]) -> [(name: String, value: [UInt8]?)] {
        var headers = own.filter { !$0.name.hasPrefix(Self.headerPrefix) && $0.name != Self.codeHeader }
        func add(_ name: String, _ value: String) { headers.append((Self.headerPrefix + name, Array(value.utf8))) }
        add("topic", place.topic)
        add("partition", String(place.partition))
        add("offset", String(offset))
        add("connector.name", connector)
        add("task.id", String(place.partition))
        add("stage", stage.rawValue)
        add("exception.class.name", errorClass)
        add("exception.message", String(decoding: message.utf8.prefix(Self.messageBytesMax), as: UTF8.self))
        headers.append((Self.codeHeader, Array(code.utf8)))
        return headers
    }
}
