package import Bytes

/// ListOffsets (key 2), versions 0–11, flexible from 6.
package struct ListOffsetsRequest: KafkaRequest {
    package static let layout = MessageLayout(.listOffsets, versions: 0...11, flexibleFrom: 6)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var currentLeaderEpoch: Int32 = -1
            package var timestamp: Int64 = 0
            package var maxNumOffsets: Int32 = 1

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                if version >= 4 { currentLeaderEpoch = try reader.int32() }
                timestamp = try reader.int64()
                if version == 0 { maxNumOffsets = try reader.int32() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                if version >= 4 { writer.int32(currentLeaderEpoch) }
                writer.int64(timestamp)
                if version == 0 { writer.int32(maxNumOffsets) }
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

    package var replicaID: Int32 = 0
    package var isolationLevel: Int8 = 0
    package var topics: [Topic] = []
    package var timeoutMilliseconds: Int32 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        replicaID = try reader.int32()
        if version >= 2 { isolationLevel = try reader.int8() }
        topics = try reader.array(of: Topic.self, version)
        if version >= 10 { timeoutMilliseconds = try reader.int32() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(replicaID)
        if version >= 2 { writer.int8(isolationLevel) }
        writer.array(topics, version)
        if version >= 10 { writer.int32(timeoutMilliseconds) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `ListOffsetsRequest`.
package struct ListOffsetsResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var errorCode: ErrorCode = .none
            package var oldStyleOffsets: [Int64] = []
            package var timestamp: Int64 = -1
            package var offset: Int64 = -1
            package var leaderEpoch: Int32 = -1

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                errorCode = try reader.errorCode()
                if version == 0 { oldStyleOffsets = try reader.int64s() }
                if version >= 1 { timestamp = try reader.int64() }
                if version >= 1 { offset = try reader.int64() }
                if version >= 4 { leaderEpoch = try reader.int32() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.errorCode(errorCode)
                if version == 0 { writer.int64s(oldStyleOffsets) }
                if version >= 1 { writer.int64(timestamp) }
                if version >= 1 { writer.int64(offset) }
                if version >= 4 { writer.int32(leaderEpoch) }
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
