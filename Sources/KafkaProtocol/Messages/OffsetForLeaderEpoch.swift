package import Bytes

/// OffsetForLeaderEpoch (key 23), versions 0–4, flexible from 4.
package struct OffsetForLeaderEpochRequest: KafkaRequest {
    package static let layout = MessageLayout(.offsetForLeaderEpoch, versions: 0...4, flexibleFrom: 4)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partition: Int32 = 0
            package var currentLeaderEpoch: Int32 = -1
            package var leaderEpoch: Int32 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partition = try reader.int32()
                if version >= 2 { currentLeaderEpoch = try reader.int32() }
                leaderEpoch = try reader.int32()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partition)
                if version >= 2 { writer.int32(currentLeaderEpoch) }
                writer.int32(leaderEpoch)
                writer.emptyTaggedFields()
            }
        }

        package var topic: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topic = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topic)
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var replicaID: Int32 = -2
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 3 { replicaID = try reader.int32() }
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 3 { writer.int32(replicaID) }
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `OffsetForLeaderEpochRequest`.
package struct OffsetForLeaderEpochResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct EpochEndOffset: WireStruct {
            package var errorCode: ErrorCode = .none
            package var partition: Int32 = 0
            package var leaderEpoch: Int32 = -1
            package var endOffset: Int64 = -1

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                errorCode = try reader.errorCode()
                partition = try reader.int32()
                if version >= 1 { leaderEpoch = try reader.int32() }
                endOffset = try reader.int64()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.errorCode(errorCode)
                writer.int32(partition)
                if version >= 1 { writer.int32(leaderEpoch) }
                writer.int64(endOffset)
                writer.emptyTaggedFields()
            }
        }

        package var topic: String = ""
        package var partitions: [EpochEndOffset] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topic = try reader.string()
            partitions = try reader.array(of: EpochEndOffset.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topic)
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
