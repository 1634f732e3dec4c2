package import Bytes

/// DeleteAcls (key 31), versions 0–3, flexible from 2.
package struct DeleteAclsRequest: KafkaRequest {
    package static let layout = MessageLayout(.deleteAcls, versions: 0...3, flexibleFrom: 2)

    package struct Filter: WireStruct {
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

    package var filters: [Filter] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        filters = try reader.array(of: Filter.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(filters, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DeleteAclsRequest`.
package struct DeleteAclsResponse: WireStruct {
    package struct FilterResult: WireStruct {
        package struct MatchingACL: WireStruct {
            package var errorCode: ErrorCode = .none
            package var errorMessage: String? = nil
            package var resourceType: Int8 = 0
            package var resourceName: String = ""
            package var patternType: Int8 = 3
            package var principal: String = ""
            package var host: String = ""
            package var operation: Int8 = 0
            package var permissionType: Int8 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                errorCode = try reader.errorCode()
                errorMessage = try reader.nullableString()
                resourceType = try reader.int8()
                resourceName = try reader.string()
                if version >= 1 { patternType = try reader.int8() }
                principal = try reader.string()
                host = try reader.string()
                operation = try reader.int8()
                permissionType = try reader.int8()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.errorCode(errorCode)
                writer.nullableString(errorMessage)
                writer.int8(resourceType)
                writer.string(resourceName)
                if version >= 1 { writer.int8(patternType) }
                writer.string(principal)
                writer.string(host)
                writer.int8(operation)
                writer.int8(permissionType)
                writer.emptyTaggedFields()
            }
        }

        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var matchingAcls: [MatchingACL] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            matchingAcls = try reader.array(of: MatchingACL.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.array(matchingAcls, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var filterResults: [FilterResult] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        filterResults = try reader.array(of: FilterResult.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(filterResults, version)
        writer.emptyTaggedFields()
    }
}
