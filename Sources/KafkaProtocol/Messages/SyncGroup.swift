package import Bytes

/// SyncGroup (key 14), versions 0–5, flexible from 4.
package struct SyncGroupRequest: KafkaRequest {
    package static let layout = MessageLayout(.syncGroup, versions: 0...5, flexibleFrom: 4)

    package struct Assignment: WireStruct {
        package var memberID: String = ""
        package var assignment: [UInt8] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            memberID = try reader.string()
            assignment = try reader.bytes()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(memberID)
            writer.bytes(assignment)
            writer.emptyTaggedFields()
        }
    }

    package var groupID: String = ""
    package var generationID: Int32 = 0
    package var memberID: String = ""
    package var groupInstanceID: String? = nil
    package var protocolType: String? = nil
    package var protocolName: String? = nil
    package var assignments: [Assignment] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        generationID = try reader.int32()
        memberID = try reader.string()
        if version >= 3 { groupInstanceID = try reader.nullableString() }
        if version >= 5 { protocolType = try reader.nullableString() }
        if version >= 5 { protocolName = try reader.nullableString() }
        assignments = try reader.array(of: Assignment.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        writer.int32(generationID)
        writer.string(memberID)
        if version >= 3 { writer.nullableString(groupInstanceID) }
        if version >= 5 { writer.nullableString(protocolType) }
        if version >= 5 { writer.nullableString(protocolName) }
        writer.array(assignments, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `SyncGroupRequest`.
package struct SyncGroupResponse: WireStruct {
    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var protocolType: String? = nil
    package var protocolName: String? = nil
    package var assignment: [UInt8] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        errorCode = try reader.errorCode()
        if version >= 5 { protocolType = try reader.nullableString() }
        if version >= 5 { protocolName = try reader.nullableString() }
        assignment = try reader.bytes()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        writer.errorCode(errorCode)
        if version >= 5 { writer.nullableString(protocolType) }
        if version >= 5 { writer.nullableString(protocolName) }
        writer.bytes(assignment)
        writer.emptyTaggedFields()
    }
}
