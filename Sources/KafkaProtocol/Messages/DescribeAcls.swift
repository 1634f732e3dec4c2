package import Bytes

/// DescribeAcls (key 29), versions 0–3, flexible from 2.
package struct DescribeAclsRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeAcls, versions: 0...3, flexibleFrom: 2)

    package var resourceTypeFilter: Int8 = 0
    package var resourceNameFilter: String? = nil
    package var patternTypeFilter: Int8 = 3
    package var principalFilter: String? = nil
    package var hostFilter: String? = nil
    package var operation: Int8 = 0
    package var permissionType: Int8 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        resourceTypeFilter = try reader.int8()
        resourceNameFilter = try reader.nullableString()
        if version >= 1 { patternTypeFilter = try reader.int8() }
        principalFilter = try reader.nullableString()
        hostFilter = try reader.nullableString()
        operation = try reader.int8()
        permissionType = try reader.int8()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int8(resourceTypeFilter)
        writer.nullableString(resourceNameFilter)
        if version >= 1 { writer.int8(patternTypeFilter) }
        writer.nullableString(principalFilter)
        writer.nullableString(hostFilter)
        writer.int8(operation)
        writer.int8(permissionType)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeAclsRequest`.
package struct DescribeAclsResponse: WireStruct {
    package struct Resource: WireStruct {
        package struct ACL: WireStruct {
            package var principal: String = ""
            package var host: String = ""
            package var operation: Int8 = 0
            package var permissionType: Int8 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                principal = try reader.string()
                host = try reader.string()
                operation = try reader.int8()
                permissionType = try reader.int8()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(principal)
                writer.string(host)
                writer.int8(operation)
                writer.int8(permissionType)
                writer.emptyTaggedFields()
            }
        }

        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var patternType: Int8 = 3
        package var acls: [ACL] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            resourceType = try reader.int8()
            resourceName = try reader.string()
            if version >= 1 { patternType = try reader.int8() }
            acls = try reader.array(of: ACL.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int8(resourceType)
            writer.string(resourceName)
            if version >= 1 { writer.int8(patternType) }
            writer.array(acls, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var resources: [Resource] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        resources = try reader.array(of: Resource.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(resources, version)
        writer.emptyTaggedFields()
    }
}
