package import Bytes

/// AlterConfigs (key 33), versions 0–2, flexible from 2.
package struct AlterConfigsRequest: KafkaRequest {
    package static let layout = MessageLayout(.alterConfigs, versions: 0...2, flexibleFrom: 2)

    package struct Resource: WireStruct {
        package struct Config: WireStruct {
            package var name: String = ""
            package var value: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                name = try reader.string()
                value = try reader.nullableString()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(name)
                writer.nullableString(value)
                writer.emptyTaggedFields()
            }
        }

        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configs: [Config] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            resourceType = try reader.int8()
            resourceName = try reader.string()
            configs = try reader.array(of: Config.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int8(resourceType)
            writer.string(resourceName)
            writer.array(configs, version)
            writer.emptyTaggedFields()
        }
    }

    package var resources: [Resource] = []
    package var validateOnly: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        resources = try reader.array(of: Resource.self, version)
        validateOnly = try reader.bool()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(resources, version)
        writer.bool(validateOnly)
        writer.emptyTaggedFields()
    }
}

/// The answer to `AlterConfigsRequest`.
package struct AlterConfigsResponse: WireStruct {
    package struct Resource: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var resourceType: Int8 = 0
        package var resourceName: String = ""

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            resourceType = try reader.int8()
            resourceName = try reader.string()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.int8(resourceType)
            writer.string(resourceName)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var responses: [Resource] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        responses = try reader.array(of: Resource.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(responses, version)
        writer.emptyTaggedFields()
    }
}
