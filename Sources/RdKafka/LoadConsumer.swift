import CRdKafka
import Glibc

/// A consumer for measurements: all partitions of a topic from their beginning or their end, no group, no objects made
/// for records.
package final class LoadConsumer {
    private static let batchMax = 10_000

    private let client: OpaquePointer
    private let topic: OpaquePointer
    private let queue: OpaquePointer
    private let partitions: Int32
    private let messages = UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>.allocate(capacity: batchMax)

    /// Makes a consumer and waits until it knows the topic.
    ///
    /// - Throws: `KafkaError` for a setting that is unknown or out of range, or when no broker answers.
    package init(
        brokers: String,
        topic name: String,
        partitions: Int32,
        settings: [String: String]
    ) throws(KafkaError) {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        let all = settings.merging(["bootstrap.servers": brokers, "group.id": "bench"], uniquingKeysWith: { $1 })
        for (key, value) in all {
            guard rd_kafka_conf_set(configuration, key, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                throw KafkaError(.invalidArgument, "set \(key)", message: ClientHandle.string(text))
            }
        }
        rd_kafka_conf_set_log_cb(configuration, nil)
        guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw KafkaError(.invalidArgument, "make a consumer", message: ClientHandle.string(text))
        }
        guard let topic = rd_kafka_topic_new(client, name, nil), let queue = rd_kafka_queue_new(client) else {
            throw KafkaError(rd_kafka_last_error(), "open the topic \(name)")
        }
        (self.client, self.topic, self.queue) = (client, topic, queue)
        self.partitions = partitions
        try Self.waitForTopic(client, topic)
        // A partition that is started before librdkafka's threads have handed it to its broker stands still for half a
        // second.
        usleep(200_000)
    }

    /// Begins to fetch all partitions.
    package func start(fromEnd: Bool = false) throws(KafkaError) {
        let start = Int64(fromEnd ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING)
        for partition in 0..<partitions {
            guard rd_kafka_consume_start_queue(topic, partition, start, queue) == 0 else {
                throw KafkaError(rd_kafka_last_error(), "consume partition \(partition)")
            }
        }
    }

    deinit {
        for partition in 0..<partitions { rd_kafka_consume_stop(topic, partition) }
        rd_kafka_queue_destroy(queue)
        rd_kafka_topic_destroy(topic)
        rd_kafka_destroy(client)
        messages.deallocate()
    }

    /// Gives `body` the values of the records that are there.
    ///
    /// - Returns: How many there were.
    /// - Throws: `KafkaError` when a partition cannot be read.
    package func consume(
        milliseconds: Int32,
        max: Int,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(KafkaError) -> Int {
        let count = rd_kafka_consume_batch_queue(queue, milliseconds, messages, min(max, Self.batchMax))
        guard count > 0 else { return 0 }
        var failure: rd_kafka_resp_err_t?
        for index in 0..<count {
            guard let message = messages[index] else { continue }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                body(UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len))
            } else if message.pointee.err != RD_KAFKA_RESP_ERR__PARTITION_EOF {
                failure = message.pointee.err
            }
            rd_kafka_message_destroy(message)
        }
        if let failure { throw KafkaError(failure, "consume") }
        return count
    }

    /// The first answer about a topic may come before a broker leads it.
    static func waitForTopic(_ client: OpaquePointer, _ topic: OpaquePointer) throws(KafkaError) {
        for _ in 0..<100 {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            let code = rd_kafka_metadata(client, 0, topic, &metadata, 5000)
            defer { if let metadata { rd_kafka_metadata_destroy(metadata) } }
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
                throw KafkaError(code, "look the topic up")
            }
            if metadata.pointee.topic_cnt == 1, metadata.pointee.topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR,
                metadata.pointee.topics[0].partition_cnt > 0
            {
                return
            }
            rd_kafka_poll(client, 50)
        }
        throw KafkaError(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "look the topic up")
    }
}
