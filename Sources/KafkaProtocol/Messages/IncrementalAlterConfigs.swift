package import Bytes

/// IncrementalAlterConfigs (key 44), versions 0–1, flexible from 1.
package struct IncrementalAlterConfigsRequest: KafkaRequest {
    package static let layout = MessageLayout(.incrementalAlterConfigs, versions: 0...1, flexibleFrom: 1)

    package struct Resource: WireStruct {
        package struct Config: WireStruct {
            package var name: String = ""
            package var configOperation: Int8 = 0
            package var value: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                name = try reader.string()
                configOperation = try reader.int8()
                value = try reader.nullableString()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(name)
                writer.int8(configOperation)
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

/// The answer to `IncrementalAlterConfigsRequest`.
package struct IncrementalAlterConfigsResponse: WireStruct {
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
