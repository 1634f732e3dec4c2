import CRdKafka
import Synchronization

/// Writes records to Kafka; safe to call from any thread.
///
/// `produce` copies the record into a bounded queue and returns; what became of it is told to the delivery handler, on
/// a thread of the producer.
package final class Producer: Sendable {
    let client: ClientHandle
    private let topics = Mutex<[String: TopicHandle]>([:])
    private let reports: DeliveryThread

    /// A topic as librdkafka looks it up; Sendable holds: it is immutable and counted.
    private final class TopicHandle: @unchecked Sendable {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { rd_kafka_topic_destroy(pointer) }
    }

    /// Makes a producer; connections are made in the background.
    ///
    /// - Parameters:
    ///   - brokers: `host:port,host:port`.
    ///   - settings: librdkafka's names, over the house's defaults: acks=all, idempotent, `murmur2_random`, no linger.
    ///   - onDelivery: Takes the reports; must not block for long and must not call `flush`.
    /// - Throws: `KafkaError` for a setting that is unknown or out of range.
    package init(
        brokers: String,
        settings: [String: String] = [:],
        onDelivery: @escaping DeliveryHandler = { _ in }
    ) throws(KafkaError) {
        var all = ClientDefaults.producer.merging(settings) { $1 }
        all["bootstrap.servers"] = brokers
        client = try ClientHandle(RD_KAFKA_PRODUCER, all, events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        reports = DeliveryThread(client, onDelivery)
    }

    deinit {
        // What is still queued is given up; `close` is the way to wait for it.
        rd_kafka_purge(
            client.pointer,
            RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING
        )
        reports.stop()
        topics.withLock { $0.removeAll() }
    }

    /// Queues one record.
    ///
    /// `partition`: nil lets the partitioner choose by the key.
    /// `key`: Copied; nil is a record without key.
    /// `value`: Copied; nil is a tombstone.
    /// `timestamp`: Milliseconds since 1970; nil is now.
    /// `opaque`: Comes back in the delivery report.
    /// Throws `KafkaError` with `.queueFull` when the queue's bound is reached: wait for reports and try again.
    package func produce(
        topic: String,
        partition: Int32? = nil,
        key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?,
        headers: [(name: String, value: [UInt8]?)] = [],
        timestamp: Int64? = nil,
        opaque: UInt = 0
    ) throws(KafkaError) {
        let handle = try topicHandle(topic)
        let list = try Self.headerList(headers)
        let error = withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 8) { values -> OpaquePointer? in
            var count = 0
            func add(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_t) -> Void) {
                var value = rd_kafka_vu_t()
                value.vtype = type
                set(&value)
                values.initializeElement(at: count, to: value)
                count += 1
            }
            add(RD_KAFKA_VTYPE_RKT) { $0.u.rkt = handle.pointer }
            add(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = RD_KAFKA_MSG_F_COPY }
            if let partition { add(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = partition } }
            if let key {
                add(RD_KAFKA_VTYPE_KEY) {
                    $0.u.mem.ptr = Self.pointer(key)
                    $0.u.mem.size = key.count
                }
            }
            if let value {
                add(RD_KAFKA_VTYPE_VALUE) {
                    $0.u.mem.ptr = Self.pointer(value)
                    $0.u.mem.size = value.count
                }
            }
            if let timestamp { add(RD_KAFKA_VTYPE_TIMESTAMP) { $0.u.i64 = timestamp } }
            if let list { add(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = list } }
            add(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = UnsafeMutableRawPointer(bitPattern: opaque) }
            return rd_kafka_produceva(client.pointer, values.baseAddress, count)
        }
        if let error {
            // The headers stay ours when the call fails.
            if let list { rd_kafka_headers_destroy(list) }
            throw KafkaError(consuming: error, "produce to \(topic)")
        }
    }

    /// Queues one record from arrays; see the other form.
    package func produce(
        topic: String,
        partition: Int32? = nil,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [(name: String, value: [UInt8]?)] = [],
        timestamp: Int64? = nil,
        opaque: UInt = 0
    ) throws(KafkaError) {
        func send(_ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?) -> Result<Void, KafkaError> {
            Result { () throws(KafkaError) in
                try produce(
                    topic: topic,
                    partition: partition,
                    key: key,
                    value: value,
                    headers: headers,
                    timestamp: timestamp,
                    opaque: opaque
                )
            }
        }
        func withBytes(
            _ bytes: [UInt8]?,
            _ body: (UnsafeRawBufferPointer?) -> Result<Void, KafkaError>
        ) -> Result<Void, KafkaError> {
            guard let bytes else { return body(nil) }
            return bytes.withUnsafeBytes { body($0) }
        }
        try withBytes(key) { key in withBytes(value) { send(key, $0) } }.get()
    }

    /// Records that are queued or on their way, and reports not yet taken.
    package var outstanding: Int { Int(rd_kafka_outq_len(client.pointer)) }

    /// Waits until all queued records are reported; does not wait for `linger.ms`.
    ///
    /// - Throws: `.timedOut` when the deadline passes first. A failed record is told to the delivery handler, not here.
    package func flush(deadline: Duration) throws(KafkaError) {
        try KafkaError.check(rd_kafka_flush(client.pointer, ClientHandle.milliseconds(deadline)), "flush")
    }

    /// Drops what is queued or in flight; each dropped record is reported with `.purged`.
    package func purge() {
        rd_kafka_purge(
            client.pointer,
            RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING
        )
    }

    /// The error that made this producer useless, if there was one: make a new one then.
    package var fatalError: KafkaError? { client.fatalError("produce") }

    /// Flushes and stops the delivery thread.
    ///
    /// Must not be called from the delivery handler.
    package func close(deadline: Duration) throws(KafkaError) {
        let outcome = Result { () throws(KafkaError) in try flush(deadline: deadline) }
        if case .failure = outcome { purge() }
        reports.stop()
        try outcome.get()
    }

    private func topicHandle(_ name: String) throws(KafkaError) -> TopicHandle {
        if let found = topics.withLock({ $0[name] }) { return found }
        guard let made = rd_kafka_topic_new(client.pointer, name, nil) else {
            throw KafkaError(rd_kafka_last_error(), "produce to \(name)")
        }
        let handle = TopicHandle(made)
        topics.withLock { $0[name] = handle }
        return handle
    }

    private static func headerList(_ headers: [(name: String, value: [UInt8]?)]) throws(KafkaError) -> OpaquePointer? {
        guard !headers.isEmpty else { return nil }
        let list = rd_kafka_headers_new(headers.count)
        for (name, value) in headers {
            var name = name
            let code = name.withUTF8 { nameBytes in
                nameBytes.withMemoryRebound(to: CChar.self) { nameBytes in
                    // A pointer that is not NULL tells an empty value from a missing one.
                    guard let value else {
                        return rd_kafka_header_add(list, nameBytes.baseAddress, nameBytes.count, nil, 0)
                    }
                    return value.withUnsafeBytes {
                        rd_kafka_header_add(list, nameBytes.baseAddress, nameBytes.count, pointer($0), $0.count)
                    }
                }
            }
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                rd_kafka_headers_destroy(list)
                throw KafkaError(code, "add header \(name)")
            }
        }
        return list
    }

    /// An empty buffer may have no address, but NULL means "no value" to librdkafka.
    private static func pointer(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(mutating: bytes.baseAddress) ?? UnsafeMutableRawPointer(bitPattern: 1)
    }
}
