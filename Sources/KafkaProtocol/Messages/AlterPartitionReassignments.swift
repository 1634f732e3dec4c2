package import Bytes

/// AlterPartitionReassignments (key 45), versions 0–1, flexible from 0.
package struct AlterPartitionReassignmentsRequest: KafkaRequest {
    package static let layout = MessageLayout(.alterPartitionReassignments, versions: 0...1, flexibleFrom: 0)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var replicas: [Int32]? = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                replicas = try reader.nullableInt32s()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.nullableInt32s(replicas)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var timeoutMilliseconds: Int32 = 60000
    package var allowReplicationFactorChange: Bool = true
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        timeoutMilliseconds = try reader.int32()
        if version >= 1 { allowReplicationFactorChange = try reader.bool() }
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(timeoutMilliseconds)
        if version >= 1 { writer.bool(allowReplicationFactorChange) }
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `AlterPartitionReassignmentsRequest`.
package struct AlterPartitionReassignmentsResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var errorCode: ErrorCode = .none
            package var errorMessage: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                errorCode = try reader.errorCode()
                errorMessage = try reader.nullableString()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.errorCode(errorCode)
                writer.nullableString(errorMessage)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var allowReplicationFactorChange: Bool = true
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var responses: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        if version >= 1 { allowReplicationFactorChange = try reader.bool() }
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        responses = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        if version >= 1 { writer.bool(allowReplicationFactorChange) }
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(responses, version)
        writer.emptyTaggedFields()
    }
}
