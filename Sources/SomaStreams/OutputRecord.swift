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

    package var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) }
}
