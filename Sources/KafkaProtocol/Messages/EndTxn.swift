package import Bytes

/// EndTxn (key 26), versions 0–5, flexible from 3.
package struct EndTxnRequest: KafkaRequest {
    package static let layout = MessageLayout(.endTxn, versions: 0...5, flexibleFrom: 3)

    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var committed: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        transactionalID = try reader.string()
        producerID = try reader.int64()
        producerEpoch = try reader.int16()
        committed = try reader.bool()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(transactionalID)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        writer.bool(committed)
        writer.emptyTaggedFields()
    }
}

/// The answer to `EndTxnRequest`.
package struct EndTxnResponse: WireStruct {
    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var producerID: Int64 = -1
    package var producerEpoch: Int16 = -1

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        if version >= 5 { producerID = try reader.int64() }
        if version >= 5 { producerEpoch = try reader.int16() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        if version >= 5 { writer.int64(producerID) }
        if version >= 5 { writer.int16(producerEpoch) }
        writer.emptyTaggedFields()
    }
}
