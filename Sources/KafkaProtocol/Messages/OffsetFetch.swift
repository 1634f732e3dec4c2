package import Bytes

/// OffsetFetch (key 9), versions 0–10, flexible from 6; topics by id from 10.
package struct OffsetFetchRequest: KafkaRequest {
    package static let layout = MessageLayout(.offsetFetch, versions: 0...10, flexibleFrom: 6)

    package struct Topic: WireStruct {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 7 { name = try reader.string() }
            if version <= 7 { partitionIndexes = try reader.int32s() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 7 { writer.string(name) }
            if version <= 7 { writer.int32s(partitionIndexes) }
            writer.emptyTaggedFields()
        }
    }

    package struct Group: WireStruct {
        package struct Topics: WireStruct {
            package var name: String = ""
            package var topicID: KafkaUUID = .zero
            package var partitionIndexes: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                if version >= 8 && version <= 9 { name = try reader.string() }
                if version >= 10 { topicID = try reader.uuid() }
                if version >= 8 { partitionIndexes = try reader.int32s() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                if version >= 8 && version <= 9 { writer.string(name) }
                if version >= 10 { writer.uuid(topicID) }
                if version >= 8 { writer.int32s(partitionIndexes) }
                writer.emptyTaggedFields()
            }
        }

        package var groupID: String = ""
        package var memberID: String? = nil
        package var memberEpoch: Int32 = -1
        package var topics: [Topics]? = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 8 { groupID = try reader.string() }
            if version >= 9 { memberID = try reader.nullableString() }
            if version >= 9 { memberEpoch = try reader.int32() }
            if version >= 8 { topics = try reader.nullableArray(of: Topics.self, version) }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 8 { writer.string(groupID) }
            if version >= 9 { writer.nullableString(memberID) }
            if version >= 9 { writer.int32(memberEpoch) }
            if version >= 8 { writer.nullableArray(topics, version) }
            writer.emptyTaggedFields()
        }
    }

    package var groupID: String = ""
    package var topics: [Topic]? = []
    package var groups: [Group] = []
    package var requireStable: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version <= 7 { groupID = try reader.string() }
        if version <= 7 { topics = try reader.nullableArray(of: Topic.self, version) }
        if version >= 8 { groups = try reader.array(of: Group.self, version) }
        if version >= 7 { requireStable = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version <= 7 { writer.string(groupID) }
        if version <= 7 { writer.nullableArray(version >= 2 ? topics : topics ?? [], version) }
        if version >= 8 { writer.array(groups, version) }
        if version >= 7 { writer.bool(requireStable) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `OffsetFetchRequest`.
package struct OffsetFetchResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var committedOffset: Int64 = 0
            package var committedLeaderEpoch: Int32 = -1
            package var metadata: String? = nil
            package var errorCode: ErrorCode = .none

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                if version <= 7 { partitionIndex = try reader.int32() }
                if version <= 7 { committedOffset = try reader.int64() }
                if version >= 5 && version <= 7 { committedLeaderEpoch = try reader.int32() }
                if version <= 7 { metadata = try reader.nullableString() }
                if version <= 7 { errorCode = try reader.errorCode() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                if version <= 7 { writer.int32(partitionIndex) }
                if version <= 7 { writer.int64(committedOffset) }
                if version >= 5 && version <= 7 { writer.int32(committedLeaderEpoch) }
                if version <= 7 { writer.nullableString(metadata) }
                if version <= 7 { writer.errorCode(errorCode) }
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 7 { name = try reader.string() }
            if version <= 7 { partitions = try reader.array(of: Partition.self, version) }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 7 { writer.string(name) }
            if version <= 7 { writer.array(partitions, version) }
            writer.emptyTaggedFields()
        }
    }

    package struct Group: WireStruct {
        package struct Topics: WireStruct {
            package struct Partitions: WireStruct {
                package var partitionIndex: Int32 = 0
                package var committedOffset: Int64 = 0
                package var committedLeaderEpoch: Int32 = -1
                package var metadata: String? = nil
                package var errorCode: ErrorCode = .none

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    if version >= 8 { partitionIndex = try reader.int32() }
                    if version >= 8 { committedOffset = try reader.int64() }
                    if version >= 8 { committedLeaderEpoch = try reader.int32() }
                    if version >= 8 { metadata = try reader.nullableString() }
                    if version >= 8 { errorCode = try reader.errorCode() }
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    if version >= 8 { writer.int32(partitionIndex) }
                    if version >= 8 { writer.int64(committedOffset) }
                    if version >= 8 { writer.int32(committedLeaderEpoch) }
                    if version >= 8 { writer.nullableString(metadata) }
                    if version >= 8 { writer.errorCode(errorCode) }
                    writer.emptyTaggedFields()
                }
            }

            package var name: String = ""
            package var topicID: KafkaUUID = .zero
            package var partitions: [Partitions] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                if version >= 8 && version <= 9 { name = try reader.string() }
                if version >= 10 { topicID = try reader.uuid() }
                if version >= 8 { partitions = try reader.array(of: Partitions.self, version) }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                if version >= 8 && version <= 9 { writer.string(name) }
                if version >= 10 { writer.uuid(topicID) }
                if version >= 8 { writer.array(partitions, version) }
                writer.emptyTaggedFields()
            }
        }

        package var groupID: String = ""
        package var topics: [Topics] = []
        package var errorCode: ErrorCode = .none

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 8 { groupID = try reader.string() }
            if version >= 8 { topics = try reader.array(of: Topics.self, version) }
            if version >= 8 { errorCode = try reader.errorCode() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 8 { writer.string(groupID) }
            if version >= 8 { writer.array(topics, version) }
            if version >= 8 { writer.errorCode(errorCode) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var topics: [Topic] = []
    package var errorCode: ErrorCode = .none
    package var groups: [Group] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 3 { throttleTimeMilliseconds = try reader.int32() }
        if version <= 7 { topics = try reader.array(of: Topic.self, version) }
        if version >= 2 && version <= 7 { errorCode = try reader.errorCode() }
        if version >= 8 { groups = try reader.array(of: Group.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 3 { writer.int32(throttleTimeMilliseconds) }
        if version <= 7 { writer.array(topics, version) }
        if version >= 2 && version <= 7 { writer.errorCode(errorCode) }
        if version >= 8 { writer.array(groups, version) }
        writer.emptyTaggedFields()
    }
}
