import CRdKafka

/// A producer for measurements: nothing between the caller and librdkafka but one call a record.
///
/// One thread sends and polls; it gets the delivery reports while it polls.
package final class LoadProducer {
    /// Takes a delivery report: whether the record was taken, and the number that it was sent with.
    package typealias Report = (_ isDelivered: Bool, _ number: Int) -> Void

    private final class Context {
        let report: Report
        init(_ report: @escaping Report) { self.report = report }
    }

    package static var libraryVersion: String { String(cString: rd_kafka_version_str()) }

    private let client: OpaquePointer
    private let topic: OpaquePointer
    private let context: Unmanaged<Context>

    /// Makes a producer for one topic, and waits until it knows the topic.
    ///
    /// - Throws: `KafkaError` for a setting that is unknown or out of range, or when no broker answers.
    package init(
        brokers: String,
        topic name: String,
        settings: [String: String],
        _ report: @escaping Report
    ) throws(KafkaError) {
        let configuration = rd_kafka_conf_new()
        context = Unmanaged.passRetained(Context(report))
        var text = [CChar](repeating: 0, count: 512)
        for (key, value) in settings.merging(["bootstrap.servers": brokers], uniquingKeysWith: { $1 }) {
            guard rd_kafka_conf_set(configuration, key, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                context.release()
                throw KafkaError(.invalidArgument, "set \(key)", message: ClientHandle.string(text))
            }
        }
        rd_kafka_conf_set_opaque(configuration, context.toOpaque())
        rd_kafka_conf_set_dr_msg_cb(configuration, reportDelivery)
        rd_kafka_conf_set_log_cb(configuration, nil)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            context.release()
            throw KafkaError(.invalidArgument, "make a producer", message: ClientHandle.string(text))
        }
        guard let topic = rd_kafka_topic_new(client, name, nil) else {
            let code = rd_kafka_last_error()
            rd_kafka_destroy(client)
            context.release()
            throw KafkaError(code, "open the topic \(name)")
        }
        (self.client, self.topic) = (client, topic)
        try LoadConsumer.waitForTopic(client, topic)
    }

    deinit {
        rd_kafka_topic_destroy(topic)
        rd_kafka_destroy(client)
        context.release()
    }

    /// Queues a copy of a record; false when the queue is full, and then the thing to do is to poll.
    package func send(partition: Int32, _ bytes: UnsafeRawBufferPointer, number: Int = 0) throws(KafkaError) -> Bool {
        let code = rd_kafka_produce(
            topic,
            partition,
            RD_KAFKA_MSG_F_COPY,
            UnsafeMutableRawPointer(mutating: bytes.baseAddress),
            bytes.count,
            nil,
            0,
            UnsafeMutableRawPointer(bitPattern: number)
        )
        guard code != 0 else { return true }
        let error = rd_kafka_last_error()
        guard error == RD_KAFKA_RESP_ERR__QUEUE_FULL else { throw KafkaError(error, "produce") }
        return false
    }

    package func poll(milliseconds: Int32) { rd_kafka_poll(client, milliseconds) }

    /// Waits until everything has been reported; false when the time was too short.
    package func flush(milliseconds: Int32) -> Bool {
        rd_kafka_flush(client, milliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    fileprivate static func report(_ opaque: UnsafeMutableRawPointer, _ isDelivered: Bool, _ number: Int) {
        Unmanaged<Context>.fromOpaque(opaque).takeUnretainedValue().report(isDelivered, number)
    }
}

private func reportDelivery(
    _ client: OpaquePointer?,
    _ message: UnsafePointer<rd_kafka_message_t>?,
    _ opaque: UnsafeMutableRawPointer?
) {
    guard let message, let opaque else { return }
    let isDelivered = message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR
    LoadProducer.report(opaque, isDelivered, Int(bitPattern: message.pointee._private))
}
