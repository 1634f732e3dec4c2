import CRdKafka

/// Asks and changes what a Kafka cluster holds: topics, groups, offsets.
///
/// Safe to call from any thread; every call blocks for at most its deadline, so none belongs on Swift's cooperative
/// pool.
package final class Admin: Sendable {
    let client: ClientHandle

    /// The deadline of calls that name none.
    package static let defaultDeadline = Duration.seconds(10)

    package init(brokers: String, settings: [String: String] = [:]) throws(KafkaError) {
        var all = ClientDefaults.common.merging(settings) { $1 }
        all["bootstrap.servers"] = brokers
        client = try ClientHandle(RD_KAFKA_PRODUCER, all, events: 0)
    }

    /// Runs one admin request and gives its answer to a closure.
    func request<Answer>(
        _ operation: String,
        _ deadline: Duration,
        _ kind: rd_kafka_admin_op_t,
        send: (OpaquePointer, OpaquePointer) -> Void,
        read: (OpaquePointer) throws(KafkaError) -> Answer
    ) throws(KafkaError) -> Answer {
        let milliseconds = ClientHandle.milliseconds(deadline)
        guard let options = rd_kafka_AdminOptions_new(client.pointer, kind) else {
            throw KafkaError(.invalidArgument, operation, message: "no options")
        }
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 256)
        try KafkaError.check(
            rd_kafka_AdminOptions_set_request_timeout(options, max(1, milliseconds), &text, text.count),
            operation
        )
        switch kind {
        case RD_KAFKA_ADMIN_OP_CREATETOPICS, RD_KAFKA_ADMIN_OP_DELETETOPICS, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
            RD_KAFKA_ADMIN_OP_DELETERECORDS:
            // The broker answers when the change is done, not when it is written down.
            rd_kafka_AdminOptions_set_operation_timeout(options, max(1, milliseconds / 2), &text, text.count)
        default: break
        }
        let queue = EventQueue(new: client)
        send(options, queue.pointer)
        // librdkafka keeps the request's own time-out; half a second more only guards against it not doing so.
        guard let event = queue.poll(milliseconds: milliseconds &+ 500) else {
            throw KafkaError(.timedOut, operation, message: "no answer in \(deadline)")
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw KafkaError(code, operation, message: rd_kafka_event_error_string(event).map { String(cString: $0) })
        }
        return try read(event)
    }

    /// Checks the per-topic results of a change.
    static func check(
        _ results: UnsafeMutablePointer<OpaquePointer?>?,
        _ count: Int,
        _ operation: String,
        allowing allowed: KafkaError.Code? = nil
    ) throws(KafkaError) {
        for index in 0..<count {
            guard let result = results?[index] else { continue }
            let code = rd_kafka_topic_result_error(result)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR, KafkaError.Code(code) != allowed else { continue }
            let topic = rd_kafka_topic_result_name(result).map { String(cString: $0) } ?? ""
            let reason = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
            throw KafkaError(code, "\(operation) \(topic)", message: reason)
        }
    }
}
