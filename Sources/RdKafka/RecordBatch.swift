import CRdKafka

/// The records of one poll; its `deinit` gives their memory back.
///
/// Records of one partition stand together in order of offset as they were fetched. A batch never reaches over a
/// rebalance, pause or seek.
package struct RecordBatch: ~Copyable {
    /// Neighbouring records of one partition.
    package struct Run: Sendable {
        package let partition: TopicPartition
        /// Places in the batch.
        package internal(set) var range: Range<Int>
    }

    package private(set) var runs: [Run] = []
    /// Bytes of all keys and values.
    package private(set) var byteCount = 0
    private var messages: [UnsafePointer<rd_kafka_message_t>] = []
    private var events: [OpaquePointer] = []

    init() {}

    deinit {
        for event in events { rd_kafka_event_destroy(event) }
    }

    package var count: Int { messages.count }
    package var isEmpty: Bool { messages.isEmpty }

    /// The record at a place of the batch; the view must not outlive the batch.
    package subscript(_ index: Int) -> ConsumerRecord { ConsumerRecord(messages[index]) }

    /// Takes over an event and the message in it.
    mutating func append(
        _ event: OpaquePointer,
        _ message: UnsafePointer<rd_kafka_message_t>,
        _ partition: TopicPartition,
        sameRun: Bool
    ) {
        let index = messages.count
        messages.append(message)
        events.append(event)
        byteCount += message.pointee.len + message.pointee.key_len
        if sameRun, !runs.isEmpty {
            runs[runs.count - 1].range = runs[runs.count - 1].range.lowerBound..<index + 1
        } else {
            runs.append(Run(partition: partition, range: index..<index + 1))
        }
    }
}
