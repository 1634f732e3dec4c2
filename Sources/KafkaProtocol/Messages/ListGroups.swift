package import Bytes

/// ListGroups (key 16), versions 0–5, flexible from 3.
package struct ListGroupsRequest: KafkaRequest {
    package static let layout = MessageLayout(.listGroups, versions: 0...5, flexibleFrom: 3)

    package var statesFilter: [String] = []
    package var typesFilter: [String] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 4 { statesFilter = try reader.strings() }
        if version >= 5 { typesFilter = try reader.strings() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 4 { writer.strings(statesFilter) }
        if version >= 5 { writer.strings(typesFilter) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `ListGroupsRequest`.
package struct ListGroupsResponse: WireStruct {
    package struct Group: WireStruct {
        package var groupID: String = ""
        package var protocolType: String = ""
        package var groupState: String = ""
        package var groupType: String = ""

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            groupID = try reader.string()
            protocolType = try reader.string()
            if version >= 4 { groupState = try reader.string() }
            if version >= 5 { groupType = try reader.string() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(groupID)
            writer.string(protocolType)
            if version >= 4 { writer.string(groupState) }
            if version >= 5 { writer.string(groupType) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var groups: [Group] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        errorCode = try reader.errorCode()
        groups = try reader.array(of: Group.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        writer.errorCode(errorCode)
        writer.array(groups, version)
        writer.emptyTaggedFields()
    }
}
