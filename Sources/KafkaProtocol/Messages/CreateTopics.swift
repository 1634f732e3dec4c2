package import Bytes

/// CreateTopics (key 19), versions 0–7, flexible from 5.
package struct CreateTopicsRequest: KafkaRequest {
    package static let layout = MessageLayout(.createTopics, versions: 0...7, flexibleFrom: 5)

    package struct Topic: WireStruct {
        package struct Assignment: WireStruct {
            package var partitionIndex: Int32 = 0
            package var brokerIDs: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                brokerIDs = try reader.int32s()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.int32s(brokerIDs)
                writer.emptyTaggedFields()
            }
        }

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

        package var name: String = ""
        package var numPartitions: Int32 = 0
        package var replicationFactor: Int16 = 0
        package var assignments: [Assignment] = []
        package var configs: [Config] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            numPartitions = try reader.int32()
            replicationFactor = try reader.int16()
            assignments = try reader.array(of: Assignment.self, version)
            configs = try reader.array(of: Config.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int32(numPartitions)
            writer.int16(replicationFactor)
            writer.array(assignments, version)
            writer.array(configs, version)
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic] = []
    package var timeoutMilliseconds: Int32 = 60000
    package var validateOnly: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.array(of: Topic.self, version)
        timeoutMilliseconds = try reader.int32()
        if version >= 1 { validateOnly = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(topics, version)
        writer.int32(timeoutMilliseconds)
        if version >= 1 { writer.bool(validateOnly) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `CreateTopicsRequest`.
package struct CreateTopicsResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Config: WireStruct {
            package var name: String = ""
            package var value: String? = nil
            package var readOnly: Bool = false
            package var configSource: Int8 = -1
            package var isSensitive: Bool = false

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                if version >= 5 { name = try reader.string() }
                if version >= 5 { value = try reader.nullableString() }
                if version >= 5 { readOnly = try reader.bool() }
                if version >= 5 { configSource = try reader.int8() }
                if version >= 5 { isSensitive = try reader.bool() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                if version >= 5 { writer.string(name) }
                if version >= 5 { writer.nullableString(value) }
                if version >= 5 { writer.bool(readOnly) }
                if version >= 5 { writer.int8(configSource) }
                if version >= 5 { writer.bool(isSensitive) }
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var topicID: KafkaUUID = .zero
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var topicConfigErrorCode: Int16 = 0
        package var numPartitions: Int32 = -1
        package var replicationFactor: Int16 = -1
        package var configs: [Config]? = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            if version >= 7 { topicID = try reader.uuid() }
            errorCode = try reader.errorCode()
            if version >= 1 { errorMessage = try reader.nullableString() }
            if version >= 5 { numPartitions = try reader.int32() }
            if version >= 5 { replicationFactor = try reader.int16() }
            if version >= 5 { configs = try reader.nullableArray(of: Config.self, version) }
            var tags = try reader.taggedFields()
            while let tag = try reader.nextTag(&tags) {
                switch tag {
                case 0: topicConfigErrorCode = try reader.int16()
                default: try reader.skipTag(tags)
                }
            }
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            if version >= 7 { writer.uuid(topicID) }
            writer.errorCode(errorCode)
            if version >= 1 { writer.nullableString(errorMessage) }
            if version >= 5 { writer.int32(numPartitions) }
            if version >= 5 { writer.int16(replicationFactor) }
            if version >= 5 { writer.nullableArray(configs, version) }
            var tags = TaggedFieldsWriter()
            if topicConfigErrorCode != 0 { tags.add(0) { $0.int16(topicConfigErrorCode) } }
            writer.taggedFields(tags)
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 2 { throttleTimeMilliseconds = try reader.int32() }
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 2 { writer.int32(throttleTimeMilliseconds) }
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}
