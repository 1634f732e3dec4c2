package import Events
import RdKafka

/// A record that a processor has made and the runtime will write.
package struct OutputRecord: Sendable {
    package var topic: String
    /// nil lets the partitioner choose by the key.
    package var partition: Int32?
    package var key: [UInt8]?
    package var value: [UInt8]?
    package var headers: [RecordHeader]
    /// Milliseconds since 1970.
    package var timestamp: Int64

    package var isDeadLetter: Bool { topic.hasSuffix(DeadLetterContext.topicSuffix) }

    /// What a record may hold; the platform takes no larger one.
    package static let bytesMax = 1 << 20

    /// Why this record cannot be written; nil when it can.
    var refusal: ProcessingError? {
        guard byteCount > Self.bytesMax else { return nil }
        return .permanent(
            "output_too_large",
            "an output to \(topic) has \(byteCount) bytes, \(Self.bytesMax) is the most; store large bodies by reference"
        )
    }

    package var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) }
}
