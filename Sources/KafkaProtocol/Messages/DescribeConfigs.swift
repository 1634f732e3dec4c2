package import Bytes

/// DescribeConfigs (key 32), versions 0–4, flexible from 4.
package struct DescribeConfigsRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeConfigs, versions: 0...4, flexibleFrom: 4)

    package struct Resource: WireStruct {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configurationKeys: [String]? = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            resourceType = try reader.int8()
            resourceName = try reader.string()
            configurationKeys = try reader.nullableStrings()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int8(resourceType)
            writer.string(resourceName)
            writer.nullableStrings(configurationKeys)
            writer.emptyTaggedFields()
        }
    }

    package var resources: [Resource] = []
    package var includeSynonyms: Bool = false
    package var includeDocumentation: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        resources = try reader.array(of: Resource.self, version)
        if version >= 1 { includeSynonyms = try reader.bool() }
        if version >= 3 { includeDocumentation = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(resources, version)
        if version >= 1 { writer.bool(includeSynonyms) }
        if version >= 3 { writer.bool(includeDocumentation) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeConfigsRequest`.
package struct DescribeConfigsResponse: WireStruct {
    package struct Result: WireStruct {
        package struct Config: WireStruct {
            package struct Synonym: WireStruct {
                package var name: String = ""
                package var value: String? = nil
                package var source: Int8 = 0

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    if version >= 1 { name = try reader.string() }
                    if version >= 1 { value = try reader.nullableString() }
                    if version >= 1 { source = try reader.int8() }
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    if version >= 1 { writer.string(name) }
                    if version >= 1 { writer.nullableString(value) }
                    if version >= 1 { writer.int8(source) }
                    writer.emptyTaggedFields()
                }
            }

            package var name: String = ""
            package var value: String? = nil
            package var readOnly: Bool = false
            package var isDefault: Bool = false
            package var configSource: Int8 = -1
            package var isSensitive: Bool = false
            package var synonyms: [Synonym] = []
            package var configType: Int8 = 0
            package var documentation: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                name = try reader.string()
                value = try reader.nullableString()
                readOnly = try reader.bool()
                if version == 0 { isDefault = try reader.bool() }
                if version >= 1 { configSource = try reader.int8() }
                isSensitive = try reader.bool()
                if version >= 1 { synonyms = try reader.array(of: Synonym.self, version) }
                if version >= 3 { configType = try reader.int8() }
                if version >= 3 { documentation = try reader.nullableString() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(name)
                writer.nullableString(value)
                writer.bool(readOnly)
                if version == 0 { writer.bool(isDefault) }
                if version >= 1 { writer.int8(configSource) }
                writer.bool(isSensitive)
                if version >= 1 { writer.array(synonyms, version) }
                if version >= 3 { writer.int8(configType) }
                if version >= 3 { writer.nullableString(documentation) }
                writer.emptyTaggedFields()
            }
        }

        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configs: [Config] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            resourceType = try reader.int8()
            resourceName = try reader.string()
            configs = try reader.array(of: Config.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.int8(resourceType)
            writer.string(resourceName)
            writer.array(configs, version)
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
