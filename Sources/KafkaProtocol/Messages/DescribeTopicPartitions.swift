package import Bytes

/// DescribeTopicPartitions (key 75), version 0, flexible from 0.
package struct DescribeTopicPartitionsRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeTopicPartitions, versions: 0...0, flexibleFrom: 0)

    package struct Topic: WireStruct {
        package var name: String = ""

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.emptyTaggedFields()
        }
    }

    package struct Cursor: WireStruct {
        package var topicName: String = ""
        package var partitionIndex: Int32 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topicName = try reader.string()
            partitionIndex = try reader.int32()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topicName)
            writer.int32(partitionIndex)
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic] = []
    package var responsePartitionLimit: Int32 = 2000
    package var cursor: Cursor? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.array(of: Topic.self, version)
        responsePartitionLimit = try reader.int32()
        cursor = try reader.nullableStruct(of: Cursor.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(topics, version)
        writer.int32(responsePartitionLimit)
        writer.nullableStruct(cursor, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeTopicPartitionsRequest`.
package struct DescribeTopicPartitionsResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var errorCode: ErrorCode = .none
            package var partitionIndex: Int32 = 0
            package var leaderID: Int32 = 0
            package var leaderEpoch: Int32 = -1
            package var replicaNodes: [Int32] = []
            package var isrNodes: [Int32] = []
            package var eligibleLeaderReplicas: [Int32]? = []
            package var lastKnownElr: [Int32]? = []
            package var offlineReplicas: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                errorCode = try reader.errorCode()
                partitionIndex = try reader.int32()
                leaderID = try reader.int32()
                leaderEpoch = try reader.int32()
                replicaNodes = try reader.int32s()
                isrNodes = try reader.int32s()
                eligibleLeaderReplicas = try reader.nullableInt32s()
                lastKnownElr = try reader.nullableInt32s()
                offlineReplicas = try reader.int32s()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.errorCode(errorCode)
                writer.int32(partitionIndex)
                writer.int32(leaderID)
                writer.int32(leaderEpoch)
                writer.int32s(replicaNodes)
                writer.int32s(isrNodes)
                writer.nullableInt32s(eligibleLeaderReplicas)
                writer.nullableInt32s(lastKnownElr)
                writer.int32s(offlineReplicas)
                writer.emptyTaggedFields()
            }
        }

        package var errorCode: ErrorCode = .none
        package var name: String? = nil
        package var topicID: KafkaUUID = .zero
        package var isInternal: Bool = false
        package var partitions: [Partition] = []
        package var topicAuthorizedOperations: Int32 = Int32.min

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            name = try reader.nullableString()
            topicID = try reader.uuid()
            isInternal = try reader.bool()
            partitions = try reader.array(of: Partition.self, version)
            topicAuthorizedOperations = try reader.int32()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(name)
            writer.uuid(topicID)
            writer.bool(isInternal)
            writer.array(partitions, version)
            writer.int32(topicAuthorizedOperations)
            writer.emptyTaggedFields()
        }
    }

    package struct Cursor: WireStruct {
        package var topicName: String = ""
        package var partitionIndex: Int32 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topicName = try reader.string()
            partitionIndex = try reader.int32()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topicName)
            writer.int32(partitionIndex)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var topics: [Topic] = []
    package var nextCursor: Cursor? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        topics = try reader.array(of: Topic.self, version)
        nextCursor = try reader.nullableStruct(of: Cursor.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(topics, version)
        writer.nullableStruct(nextCursor, version)
        writer.emptyTaggedFields()
    }
}
