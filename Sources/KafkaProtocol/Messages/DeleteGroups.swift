package import Bytes

/// DeleteGroups (key 42), versions 0–2, flexible from 2.
package struct DeleteGroupsRequest: KafkaRequest {
    package static let layout = MessageLayout(.deleteGroups, versions: 0...2, flexibleFrom: 2)

    package var groupsNames: [String] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupsNames = try reader.strings()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.strings(groupsNames)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DeleteGroupsRequest`.
package struct DeleteGroupsResponse: WireStruct {
    package struct Result: WireStruct {
        package var groupID: String = ""
        package var errorCode: ErrorCode = .none

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            groupID = try reader.string()
            errorCode = try reader.errorCode()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(groupID)
            writer.errorCode(errorCode)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var results: [Result] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        results = try reader.array(of: Result.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(results, version)
        writer.emptyTaggedFields()
    }
}
