package import Bytes

/// ListConfigResources (key 74), versions 0–1, flexible from 0.
package struct ListConfigResourcesRequest: KafkaRequest {
    package static let layout = MessageLayout(.listConfigResources, versions: 0...1, flexibleFrom: 0)

    package var resourceTypes: [Int8] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { resourceTypes = try reader.int8s() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int8s(resourceTypes) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `ListConfigResourcesRequest`.
package struct ListConfigResourcesResponse: WireStruct {
    package struct Resource: WireStruct {
        package var resourceName: String = ""
        package var resourceType: Int8 = 16

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            resourceName = try reader.string()
            if version >= 1 { resourceType = try reader.int8() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(resourceName)
            if version >= 1 { writer.int8(resourceType) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var configResources: [Resource] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        configResources = try reader.array(of: Resource.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.array(configResources, version)
        writer.emptyTaggedFields()
    }
}
