package import Bytes

/// CreatePartitions (key 37), versions 0–3, flexible from 2.
package struct CreatePartitionsRequest: KafkaRequest {
    package static let layout = MessageLayout(.createPartitions, versions: 0...3, flexibleFrom: 2)

    package struct Topic: WireStruct {
        package struct Assignment: WireStruct {
            package var brokerIDs: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                brokerIDs = try reader.int32s()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32s(brokerIDs)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var count: Int32 = 0
        package var assignments: [Assignment]? = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            count = try reader.int32()
            assignments = try reader.nullableArray(of: Assignment.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int32(count)
            writer.nullableArray(assignments, version)
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic] = []
    package var timeoutMilliseconds: Int32 = 0
    package var validateOnly: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.array(of: Topic.self, version)
        timeoutMilliseconds = try reader.int32()
        validateOnly = try reader.bool()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(topics, version)
        writer.int32(timeoutMilliseconds)
        writer.bool(validateOnly)
        writer.emptyTaggedFields()
    }
}

/// The answer to `CreatePartitionsRequest`.
package struct CreatePartitionsResponse: WireStruct {
    package struct Topic: WireStruct {
        package var name: String = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var results: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        results = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(results, version)
        writer.emptyTaggedFields()
    }
}
