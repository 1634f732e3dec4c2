package import Bytes

/// OffsetCommit (key 8), versions 1–10, flexible from 8; topics by id from 10.
package struct OffsetCommitRequest: KafkaRequest {
    package static let layout = MessageLayout(.offsetCommit, versions: 1...10, flexibleFrom: 8)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var committedOffset: Int64 = 0
            package var committedLeaderEpoch: Int32 = -1
            package var commitTimestamp: Int64 = -1
            package var committedMetadata: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                committedOffset = try reader.int64()
                if version >= 6 { committedLeaderEpoch = try reader.int32() }
                if version == 1 { commitTimestamp = try reader.int64() }
                committedMetadata = try reader.nullableString()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.int64(committedOffset)
                if version >= 6 { writer.int32(committedLeaderEpoch) }
                if version == 1 { writer.int64(commitTimestamp) }
                writer.nullableString(committedMetadata)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 9 { name = try reader.string() }
            if version >= 10 { topicID = try reader.uuid() }
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 9 { writer.string(name) }
            if version >= 10 { writer.uuid(topicID) }
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var groupID: String = ""
    package var generationIDOrMemberEpoch: Int32 = -1
    package var memberID: String = ""
    package var groupInstanceID: String? = nil
    package var retentionTimeMilliseconds: Int64 = -1
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        generationIDOrMemberEpoch = try reader.int32()
        memberID = try reader.string()
        if version >= 7 { groupInstanceID = try reader.nullableString() }
        if version >= 2 && version <= 4 { retentionTimeMilliseconds = try reader.int64() }
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        writer.int32(generationIDOrMemberEpoch)
        writer.string(memberID)
        if version >= 7 { writer.nullableString(groupInstanceID) }
        if version >= 2 && version <= 4 { writer.int64(retentionTimeMilliseconds) }
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `OffsetCommitRequest`.
package struct OffsetCommitResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var errorCode: ErrorCode = .none

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                errorCode = try reader.errorCode()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.errorCode(errorCode)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 9 { name = try reader.string() }
            if version >= 10 { topicID = try reader.uuid() }
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 9 { writer.string(name) }
            if version >= 10 { writer.uuid(topicID) }
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 3 { throttleTimeMilliseconds = try reader.int32() }
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 3 { writer.int32(throttleTimeMilliseconds) }
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}
