package import Bytes

/// DeleteTopics (key 20), versions 0–6, flexible from 4.
package struct DeleteTopicsRequest: KafkaRequest {
    package static let layout = MessageLayout(.deleteTopics, versions: 0...6, flexibleFrom: 4)

    package struct Topic: WireStruct {
        package var name: String? = nil
        package var topicID: KafkaUUID = .zero

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 6 { name = try reader.nullableString() }
            if version >= 6 { topicID = try reader.uuid() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 6 { writer.nullableString(name) }
            if version >= 6 { writer.uuid(topicID) }
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic] = []
    package var topicNames: [String] = []
    package var timeoutMilliseconds: Int32 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 6 { topics = try reader.array(of: Topic.self, version) }
        if version <= 5 { topicNames = try reader.strings() }
        timeoutMilliseconds = try reader.int32()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 6 { writer.array(topics, version) }
        if version <= 5 { writer.strings(topicNames) }
        writer.int32(timeoutMilliseconds)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DeleteTopicsRequest`.
package struct DeleteTopicsResponse: WireStruct {
    package struct Topic: WireStruct {
        package var name: String? = nil
        package var topicID: KafkaUUID = .zero
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.nullableString()
            if version >= 6 { topicID = try reader.uuid() }
            errorCode = try reader.errorCode()
            if version >= 5 { errorMessage = try reader.nullableString() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.nullableString(version >= 6 ? name : name ?? "")
            if version >= 6 { writer.uuid(topicID) }
            writer.errorCode(errorCode)
            if version >= 5 { writer.nullableString(errorMessage) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var responses: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        responses = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        writer.array(responses, version)
        writer.emptyTaggedFields()
    }
}
