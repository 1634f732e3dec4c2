package import Bytes

/// LeaveGroup (key 13), versions 0–5, flexible from 4.
package struct LeaveGroupRequest: KafkaRequest {
    package static let layout = MessageLayout(.leaveGroup, versions: 0...5, flexibleFrom: 4)

    package struct Member: WireStruct {
        package var memberID: String = ""
        package var groupInstanceID: String? = nil
        package var reason: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 3 { memberID = try reader.string() }
            if version >= 3 { groupInstanceID = try reader.nullableString() }
            if version >= 5 { reason = try reader.nullableString() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 3 { writer.string(memberID) }
            if version >= 3 { writer.nullableString(groupInstanceID) }
            if version >= 5 { writer.nullableString(reason) }
            writer.emptyTaggedFields()
        }
    }

    package var groupID: String = ""
    package var memberID: String = ""
    package var members: [Member] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        if version <= 2 { memberID = try reader.string() }
        if version >= 3 { members = try reader.array(of: Member.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        if version <= 2 { writer.string(memberID) }
        if version >= 3 { writer.array(members, version) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `LeaveGroupRequest`.
package struct LeaveGroupResponse: WireStruct {
    package struct Member: WireStruct {
        package var memberID: String = ""
        package var groupInstanceID: String? = nil
        package var errorCode: ErrorCode = .none

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 3 { memberID = try reader.string() }
            if version >= 3 { groupInstanceID = try reader.nullableString() }
            if version >= 3 { errorCode = try reader.errorCode() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 3 { writer.string(memberID) }
            if version >= 3 { writer.nullableString(groupInstanceID) }
            if version >= 3 { writer.errorCode(errorCode) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var members: [Member] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        errorCode = try reader.errorCode()
        if version >= 3 { members = try reader.array(of: Member.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        writer.errorCode(errorCode)
        if version >= 3 { writer.array(members, version) }
        writer.emptyTaggedFields()
    }
}
