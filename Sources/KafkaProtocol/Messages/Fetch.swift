package import Bytes

/// Fetch (key 1), versions 4–18, flexible from 12; topics by id from 13, the replica's state in a tagged field from 15.
package struct FetchRequest: KafkaRequest {
    package static let layout = MessageLayout(.fetch, versions: 4...18, flexibleFrom: 12)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partition: Int32 = 0
            package var currentLeaderEpoch: Int32 = -1
            package var fetchOffset: Int64 = 0
            package var lastFetchedEpoch: Int32 = -1
            package var logStartOffset: Int64 = -1
            package var partitionMaxBytes: Int32 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partition = try reader.int32()
                if version >= 9 { currentLeaderEpoch = try reader.int32() }
                fetchOffset = try reader.int64()
                if version >= 12 { lastFetchedEpoch = try reader.int32() }
                if version >= 5 { logStartOffset = try reader.int64() }
                partitionMaxBytes = try reader.int32()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partition)
                if version >= 9 { writer.int32(currentLeaderEpoch) }
                writer.int64(fetchOffset)
                if version >= 12 { writer.int32(lastFetchedEpoch) }
                if version >= 5 { writer.int64(logStartOffset) }
                writer.int32(partitionMaxBytes)
                writer.emptyTaggedFields()
            }
        }

        package var topic: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 12 { topic = try reader.string() }
            if version >= 13 { topicID = try reader.uuid() }
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 12 { writer.string(topic) }
            if version >= 13 { writer.uuid(topicID) }
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package struct ForgottenTopic: WireStruct {
        package var topic: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitions: [Int32] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 7 && version <= 12 { topic = try reader.string() }
            if version >= 13 { topicID = try reader.uuid() }
            if version >= 7 { partitions = try reader.int32s() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 7 && version <= 12 { writer.string(topic) }
            if version >= 13 { writer.uuid(topicID) }
            if version >= 7 { writer.int32s(partitions) }
            writer.emptyTaggedFields()
        }
    }

    package var clusterID: String? = nil
    package var replicaID: Int32 = -1
    package var maxWaitMilliseconds: Int32 = 0
    package var minBytes: Int32 = 0
    package var maxBytes: Int32 = Int32.max
    package var isolationLevel: Int8 = 0
    package var sessionID: Int32 = 0
    package var sessionEpoch: Int32 = -1
    package var topics: [Topic] = []
    package var forgottenTopicsData: [ForgottenTopic] = []
    package var rackID: String = ""

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version <= 14 { replicaID = try reader.int32() }
        maxWaitMilliseconds = try reader.int32()
        minBytes = try reader.int32()
        maxBytes = try reader.int32()
        isolationLevel = try reader.int8()
        if version >= 7 { sessionID = try reader.int32() }
        if version >= 7 { sessionEpoch = try reader.int32() }
        topics = try reader.array(of: Topic.self, version)
        if version >= 7 { forgottenTopicsData = try reader.array(of: ForgottenTopic.self, version) }
        if version >= 11 { rackID = try reader.string() }
        var tags = try reader.taggedFields()
        while let tag = try reader.nextTag(&tags) {
            switch tag {
            case 0: clusterID = try reader.nullableString()
            case 1 where version >= 15:
                replicaID = try reader.int32()
                _ = try reader.int64()
                try reader.skipTaggedFields()
            default: try reader.skipTag(tags)
            }
        }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version <= 14 { writer.int32(replicaID) }
        writer.int32(maxWaitMilliseconds)
        writer.int32(minBytes)
        writer.int32(maxBytes)
        writer.int8(isolationLevel)
        if version >= 7 { writer.int32(sessionID) }
        if version >= 7 { writer.int32(sessionEpoch) }
        writer.array(topics, version)
        if version >= 7 { writer.array(forgottenTopicsData, version) }
        if version >= 11 { writer.string(rackID) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `FetchRequest`.
package struct FetchResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package struct EpochEndOffset: WireStruct {
                package var epoch: Int32 = -1
                package var endOffset: Int64 = -1

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    if version >= 12 { epoch = try reader.int32() }
                    if version >= 12 { endOffset = try reader.int64() }
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    if version >= 12 { writer.int32(epoch) }
                    if version >= 12 { writer.int64(endOffset) }
                    writer.emptyTaggedFields()
                }
            }

            package struct LeaderIdAndEpoch: WireStruct {
                package var leaderID: Int32 = -1
                package var leaderEpoch: Int32 = -1

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    if version >= 12 { leaderID = try reader.int32() }
                    if version >= 12 { leaderEpoch = try reader.int32() }
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    if version >= 12 { writer.int32(leaderID) }
                    if version >= 12 { writer.int32(leaderEpoch) }
                    writer.emptyTaggedFields()
                }
            }

            package struct SnapshotID: WireStruct {
                package var endOffset: Int64 = -1
                package var epoch: Int32 = -1

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    endOffset = try reader.int64()
                    epoch = try reader.int32()
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    writer.int64(endOffset)
                    writer.int32(epoch)
                    writer.emptyTaggedFields()
                }
            }

            package struct AbortedTransaction: WireStruct {
                package var producerID: Int64 = 0
                package var firstOffset: Int64 = 0

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    producerID = try reader.int64()
                    firstOffset = try reader.int64()
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    writer.int64(producerID)
                    writer.int64(firstOffset)
                    writer.emptyTaggedFields()
                }
            }

            package var partitionIndex: Int32 = 0
            package var errorCode: ErrorCode = .none
            package var highWatermark: Int64 = 0
            package var lastStableOffset: Int64 = -1
            package var logStartOffset: Int64 = -1
            package var divergingEpoch: EpochEndOffset = EpochEndOffset()
            package var currentLeader: LeaderIdAndEpoch = LeaderIdAndEpoch()
            package var snapshotID: SnapshotID = SnapshotID()
            package var abortedTransactions: [AbortedTransaction]? = []
            package var preferredReadReplica: Int32 = -1
            package var records: RecordSet = .none

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                errorCode = try reader.errorCode()
                highWatermark = try reader.int64()
                lastStableOffset = try reader.int64()
                if version >= 5 { logStartOffset = try reader.int64() }
                abortedTransactions = try reader.nullableArray(of: AbortedTransaction.self, version)
                if version >= 11 { preferredReadReplica = try reader.int32() }
                records = try reader.records()
                var tags = try reader.taggedFields()
                while let tag = try reader.nextTag(&tags) {
                    switch tag {
                    case 0: divergingEpoch = try EpochEndOffset(from: &reader, version: version)
                    case 1: currentLeader = try LeaderIdAndEpoch(from: &reader, version: version)
                    case 2: snapshotID = try SnapshotID(from: &reader, version: version)
                    default: try reader.skipTag(tags)
                    }
                }
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.errorCode(errorCode)
                writer.int64(highWatermark)
                writer.int64(lastStableOffset)
                if version >= 5 { writer.int64(logStartOffset) }
                writer.nullableArray(abortedTransactions, version)
                if version >= 11 { writer.int32(preferredReadReplica) }
                writer.records(records)
                writer.emptyTaggedFields()
            }
        }

        package var topic: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 12 { topic = try reader.string() }
            if version >= 13 { topicID = try reader.uuid() }
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 12 { writer.string(topic) }
            if version >= 13 { writer.uuid(topicID) }
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var sessionID: Int32 = 0
    package var responses: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        if version >= 7 { errorCode = try reader.errorCode() }
        if version >= 7 { sessionID = try reader.int32() }
        responses = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        if version >= 7 { writer.errorCode(errorCode) }
        if version >= 7 { writer.int32(sessionID) }
        writer.array(responses, version)
        writer.emptyTaggedFields()
    }
}
