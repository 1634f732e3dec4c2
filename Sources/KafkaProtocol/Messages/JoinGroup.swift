package import Bytes

/// JoinGroup (key 11), versions 0–9, flexible from 6.
package struct JoinGroupRequest: KafkaRequest {
    package static let layout = MessageLayout(.joinGroup, versions: 0...9, flexibleFrom: 6)

    package struct GroupProtocol: WireStruct {
        package var name: String = ""
        package var metadata: [UInt8] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            metadata = try reader.bytes()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.bytes(metadata)
            writer.emptyTaggedFields()
        }
    }

    package var groupID: String = ""
    package var sessionTimeoutMilliseconds: Int32 = 0
    package var rebalanceTimeoutMilliseconds: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String? = nil
    package var protocolType: String = ""
    package var protocols: [GroupProtocol] = []
    package var reason: String? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        sessionTimeoutMilliseconds = try reader.int32()
        if version >= 1 { rebalanceTimeoutMilliseconds = try reader.int32() }
        memberID = try reader.string()
        if version >= 5 { groupInstanceID = try reader.nullableString() }
        protocolType = try reader.string()
        protocols = try reader.array(of: GroupProtocol.self, version)
        if version >= 8 { reason = try reader.nullableString() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        writer.int32(sessionTimeoutMilliseconds)
        if version >= 1 { writer.int32(rebalanceTimeoutMilliseconds) }
        writer.string(memberID)
        if version >= 5 { writer.nullableString(groupInstanceID) }
        writer.string(protocolType)
        writer.array(protocols, version)
        if version >= 8 { writer.nullableString(reason) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `JoinGroupRequest`.
package struct JoinGroupResponse: WireStruct {
    package struct Member: WireStruct {
        package var memberID: String = ""
        package var groupInstanceID: String? = nil
        package var metadata: [UInt8] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            memberID = try reader.string()
            if version >= 5 { groupInstanceID = try reader.nullableString() }
            metadata = try reader.bytes()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(memberID)
            if version >= 5 { writer.nullableString(groupInstanceID) }
            writer.bytes(metadata)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var generationID: Int32 = -1
    package var protocolType: String? = nil
    package var protocolName: String? = nil
    package var leader: String = ""
    package var skipAssignment: Bool = false
    package var memberID: String = ""
    package var members: [Member] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 2 { throttleTimeMilliseconds = try reader.int32() }
        errorCode = try reader.errorCode()
        generationID = try reader.int32()
        if version >= 7 { protocolType = try reader.nullableString() }
        protocolName = try reader.nullableString()
        leader = try reader.string()
        if version >= 9 { skipAssignment = try reader.bool() }
        memberID = try reader.string()
        members = try reader.array(of: Member.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 2 { writer.int32(throttleTimeMilliseconds) }
        writer.errorCode(errorCode)
        writer.int32(generationID)
        if version >= 7 { writer.nullableString(protocolType) }
        writer.nullableString(version >= 7 ? protocolName : protocolName ?? "")
        writer.string(leader)
        if version >= 9 { writer.bool(skipAssignment) }
        writer.string(memberID)
        writer.array(members, version)
        writer.emptyTaggedFields()
    }
}
