package import Bytes

/// DescribeGroups (key 15), versions 0–6, flexible from 5.
package struct DescribeGroupsRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeGroups, versions: 0...6, flexibleFrom: 5)

    package var groups: [String] = []
    package var includeAuthorizedOperations: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groups = try reader.strings()
        if version >= 3 { includeAuthorizedOperations = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.strings(groups)
        if version >= 3 { writer.bool(includeAuthorizedOperations) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeGroupsRequest`.
package struct DescribeGroupsResponse: WireStruct {
    package struct Group: WireStruct {
        package struct Member: WireStruct {
            package var memberID: String = ""
            package var groupInstanceID: String? = nil
            package var clientID: String = ""
            package var clientHost: String = ""
            package var memberMetadata: [UInt8] = []
            package var memberAssignment: [UInt8] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                memberID = try reader.string()
                if version >= 4 { groupInstanceID = try reader.nullableString() }
                clientID = try reader.string()
                clientHost = try reader.string()
                memberMetadata = try reader.bytes()
                memberAssignment = try reader.bytes()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(memberID)
                if version >= 4 { writer.nullableString(groupInstanceID) }
                writer.string(clientID)
                writer.string(clientHost)
                writer.bytes(memberMetadata)
                writer.bytes(memberAssignment)
                writer.emptyTaggedFields()
            }
        }

        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var groupID: String = ""
        package var groupState: String = ""
        package var protocolType: String = ""
        package var protocolData: String = ""
        package var members: [Member] = []
        package var authorizedOperations: Int32 = Int32.min

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            if version >= 6 { errorMessage = try reader.nullableString() }
            groupID = try reader.string()
            groupState = try reader.string()
            protocolType = try reader.string()
            protocolData = try reader.string()
            members = try reader.array(of: Member.self, version)
            if version >= 3 { authorizedOperations = try reader.int32() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            if version >= 6 { writer.nullableString(errorMessage) }
            writer.string(groupID)
            writer.string(groupState)
            writer.string(protocolType)
            writer.string(protocolData)
            writer.array(members, version)
            if version >= 3 { writer.int32(authorizedOperations) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var groups: [Group] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        groups = try reader.array(of: Group.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        writer.array(groups, version)
        writer.emptyTaggedFields()
    }
}
