import CRdKafka

/// A view of one consumed record; valid as long as the batch that it came from.
///
/// Key and value are borrowed from librdkafka's fetch buffer: read them in place, copy what must outlive the batch.
package struct ConsumerRecord {
    private let message: UnsafePointer<rd_kafka_message_t>

    init(_ message: UnsafePointer<rd_kafka_message_t>) { self.message = message }

    package var partition: Int32 { message.pointee.partition }
    package var offset: Int64 { message.pointee.offset }

    /// Copies the name; a run of a batch has it already.
    package var topic: String { String(cString: rd_kafka_topic_name(message.pointee.rkt)) }

    /// Milliseconds since 1970-01-01 UTC; -1 when the record has none.
    package var timestamp: Int64 {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return rd_kafka_message_timestamp(message, &type)
    }

    /// nil for a record without key.
    package var key: UnsafeRawBufferPointer? {
        guard let key = message.pointee.key else { return nil }
        return UnsafeRawBufferPointer(start: key, count: message.pointee.key_len)
    }

    /// nil for a tombstone.
    package var value: UnsafeRawBufferPointer? {
        guard let value = message.pointee.payload else { return nil }
        return UnsafeRawBufferPointer(start: value, count: message.pointee.len)
    }

    /// Bytes of key and value.
    package var byteCount: Int { message.pointee.key_len + message.pointee.len }

    /// Calls the closure with each header's name and value, in the order of the record; a missing value is nil.
    package func forEachHeader(_ body: (String, UnsafeRawBufferPointer?) throws -> Void) rethrows {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while rd_kafka_header_get_all(headers, index, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR {
            index += 1
            guard let name else { continue }
            try body(String(cString: name), value.map { UnsafeRawBufferPointer(start: $0, count: count) })
        }
    }

    /// Copies of all headers.
    package var headers: [(name: String, value: [UInt8]?)] {
        var copies: [(name: String, value: [UInt8]?)] = []
        forEachHeader { copies.append(($0, $1.map { Array($0) })) }
        return copies
    }
}
