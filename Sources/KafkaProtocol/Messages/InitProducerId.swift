package import Bytes

/// InitProducerId (key 22), versions 0–5, flexible from 2.
package struct InitProducerIdRequest: KafkaRequest {
    package static let layout = MessageLayout(.initProducerID, versions: 0...5, flexibleFrom: 2)

    package var transactionalID: String? = nil
    package var transactionTimeoutMilliseconds: Int32 = 0
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        transactionalID = try reader.nullableString()
        transactionTimeoutMilliseconds = try reader.int32()
        if version >= 3 { producerID = try reader.int64() }
        if version >= 3 { producerEpoch = try reader.int16() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.nullableString(transactionalID)
        writer.int32(transactionTimeoutMilliseconds)
        if version >= 3 { writer.int64(producerID) }
        if version >= 3 { writer.int16(producerEpoch) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `InitProducerIdRequest`.
package struct InitProducerIdResponse: WireStruct {
    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        producerID = try reader.int64()
        producerEpoch = try reader.int16()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        writer.emptyTaggedFields()
    }
}
