package import Bytes

/// Heartbeat (key 12), versions 0–4, flexible from 4.
package struct HeartbeatRequest: KafkaRequest {
    package static let layout = MessageLayout(.heartbeat, versions: 0...4, flexibleFrom: 4)

    package var groupID: String = ""
    package var generationID: Int32 = 0
    package var memberID: String = ""
    package var groupInstanceID: String? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        generationID = try reader.int32()
        memberID = try reader.string()
        if version >= 3 { groupInstanceID = try reader.nullableString() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        writer.int32(generationID)
        writer.string(memberID)
        if version >= 3 { writer.nullableString(groupInstanceID) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `HeartbeatRequest`.
package struct HeartbeatResponse: WireStruct {
    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        errorCode = try reader.errorCode()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        writer.errorCode(errorCode)
        writer.emptyTaggedFields()
    }
}
