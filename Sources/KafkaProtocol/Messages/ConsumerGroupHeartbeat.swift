package import Bytes

/// ConsumerGroupHeartbeat (key 68), versions 0–1, flexible from 0.
package struct ConsumerGroupHeartbeatRequest: KafkaRequest {
    package static let layout = MessageLayout(.consumerGroupHeartbeat, versions: 0...1, flexibleFrom: 0)

    package var groupID: String = ""
    package var memberID: String = ""
    package var memberEpoch: Int32 = 0
    package var instanceID: String? = nil
    package var rackID: String? = nil
    package var rebalanceTimeoutMilliseconds: Int32 = -1
    package var subscribedTopicNames: [String]? = nil
    package var subscribedTopicRegex: String? = nil
    package var serverAssignor: String? = nil
    package var topicPartitions: [TopicIDPartitions]? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        memberID = try reader.string()
        memberEpoch = try reader.int32()
        instanceID = try reader.nullableString()
        rackID = try reader.nullableString()
        rebalanceTimeoutMilliseconds = try reader.int32()
        subscribedTopicNames = try reader.nullableStrings()
        if version >= 1 { subscribedTopicRegex = try reader.nullableString() }
        serverAssignor = try reader.nullableString()
        topicPartitions = try reader.nullableArray(of: TopicIDPartitions.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        writer.string(memberID)
        writer.int32(memberEpoch)
        writer.nullableString(instanceID)
        writer.nullableString(rackID)
        writer.int32(rebalanceTimeoutMilliseconds)
        writer.nullableStrings(subscribedTopicNames)
        if version >= 1 { writer.nullableString(subscribedTopicRegex) }
        writer.nullableString(serverAssignor)
        writer.nullableArray(topicPartitions, version)
        writer.emptyTaggedFields()
    }
}

/// Partitions of a topic that is named by its id.
package struct TopicIDPartitions: WireStruct, Equatable {
    package var topicID: KafkaUUID = .zero
    package var partitions: [Int32] = []

    package init() {}

    package init(topicID: KafkaUUID, partitions: [Int32]) {
        self.topicID = topicID
        self.partitions = partitions
    }

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topicID = try reader.uuid()
        partitions = try reader.int32s()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.uuid(topicID)
        writer.int32s(partitions)
        writer.emptyTaggedFields()
    }
}

/// The answer to `ConsumerGroupHeartbeatRequest`.
package struct ConsumerGroupHeartbeatResponse: WireStruct {
    package struct Assignment: WireStruct {
        package var topicPartitions: [TopicIDPartitions] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topicPartitions = try reader.array(of: TopicIDPartitions.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.array(topicPartitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var memberID: String? = nil
    package var memberEpoch: Int32 = 0
    package var heartbeatIntervalMilliseconds: Int32 = 0
    package var assignment: Assignment? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        memberID = try reader.nullableString()
        memberEpoch = try reader.int32()
        heartbeatIntervalMilliseconds = try reader.int32()
        // A struct that may be missing begins with a mark.
        assignment = try reader.int8() < 0 ? nil : Assignment(from: &reader, version: version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.nullableString(memberID)
        writer.int32(memberEpoch)
        writer.int32(heartbeatIntervalMilliseconds)
        writer.int8(assignment == nil ? -1 : 1)
        assignment?.write(to: &writer, version: version)
        writer.emptyTaggedFields()
    }
}
