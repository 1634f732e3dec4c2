import CRdKafka

/// Who a consumer is in its group, for transactions and for fencing; its `deinit` frees it.
///
/// Sendable holds: immutable after it is made.
package final class GroupMetadata: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { rd_kafka_consumer_group_metadata_destroy(pointer) }

    /// The group's generation at the last join; nil when this version of librdkafka does not tell it.
    package var generation: Int32? {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        if let error = rd_kafka_consumer_group_metadata_write(pointer, &bytes, &count) {
            rd_kafka_error_destroy(error)
            return nil
        }
        guard let bytes else { return nil }
        defer { rd_kafka_mem_free(nil, bytes) }
        // "CGMDv2:", then the generation in the machine's byte order, then the names.
        let magic = Array("CGMDv2:".utf8)
        let serialized = UnsafeRawBufferPointer(start: bytes, count: count)
        guard count >= magic.count + 4, serialized.prefix(magic.count).elementsEqual(magic) else { return nil }
        return serialized.loadUnaligned(fromByteOffset: magic.count, as: Int32.self)
    }
}
