package import Bytes

/// AddOffsetsToTxn (key 25), versions 0–4, flexible from 3.
package struct AddOffsetsToTxnRequest: KafkaRequest {
    package static let layout = MessageLayout(.addOffsetsToTxn, versions: 0...4, flexibleFrom: 3)

    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var groupID: String = ""

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        transactionalID = try reader.string()
        producerID = try reader.int64()
        producerEpoch = try reader.int16()
        groupID = try reader.string()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(transactionalID)
        writer.int64(producerID)
        writer.int16(producerEpoch)
        writer.string(groupID)
        writer.emptyTaggedFields()
    }
}

/// The answer to `AddOffsetsToTxnRequest`.
package struct AddOffsetsToTxnResponse: WireStruct {
    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.emptyTaggedFields()
    }
}
