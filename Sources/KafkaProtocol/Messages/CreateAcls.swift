package import Bytes

/// CreateAcls (key 30), versions 0–3, flexible from 2.
package struct CreateAclsRequest: KafkaRequest {
    package static let layout = MessageLayout(.createAcls, versions: 0...3, flexibleFrom: 2)

    package struct Creation: WireStruct {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var resourcePatternType: Int8 = 3
        package var principal: String = ""
        package var host: String = ""
        package var operation: Int8 = 0
        package var permissionType: Int8 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            resourceType = try reader.int8()
            resourceName = try reader.string()
            if version >= 1 { resourcePatternType = try reader.int8() }
            principal = try reader.string()
            host = try reader.string()
            operation = try reader.int8()
            permissionType = try reader.int8()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int8(resourceType)
            writer.string(resourceName)
            if version >= 1 { writer.int8(resourcePatternType) }
            writer.string(principal)
            writer.string(host)
            writer.int8(operation)
            writer.int8(permissionType)
            writer.emptyTaggedFields()
        }
    }

    package var creations: [Creation] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        creations = try reader.array(of: Creation.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(creations, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `CreateAclsRequest`.
package struct CreateAclsResponse: WireStruct {
    package struct Result: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
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
