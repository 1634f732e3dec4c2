package import Bytes

/// ListPartitionReassignments (key 46), version 0, flexible from 0.
package struct ListPartitionReassignmentsRequest: KafkaRequest {
    package static let layout = MessageLayout(.listPartitionReassignments, versions: 0...0, flexibleFrom: 0)

    package struct Topic: WireStruct {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitionIndexes = try reader.int32s()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int32s(partitionIndexes)
            writer.emptyTaggedFields()
        }
    }

    package var timeoutMilliseconds: Int32 = 60000
    package var topics: [Topic]? = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        timeoutMilliseconds = try reader.int32()
        topics = try reader.nullableArray(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(timeoutMilliseconds)
        writer.nullableArray(topics, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `ListPartitionReassignmentsRequest`.
package struct ListPartitionReassignmentsResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var replicas: [Int32] = []
            package var addingReplicas: [Int32] = []
            package var removingReplicas: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                replicas = try reader.int32s()
                addingReplicas = try reader.int32s()
                removingReplicas = try reader.int32s()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.int32s(replicas)
                writer.int32s(addingReplicas)
                writer.int32s(removingReplicas)
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
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}
