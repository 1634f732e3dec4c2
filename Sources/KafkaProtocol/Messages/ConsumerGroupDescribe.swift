package import Bytes

/// ConsumerGroupDescribe (key 69), versions 0–1, flexible from 0.
package struct ConsumerGroupDescribeRequest: KafkaRequest {
    package static let layout = MessageLayout(.consumerGroupDescribe, versions: 0...1, flexibleFrom: 0)

    package var groupIDs: [String] = []
    package var includeAuthorizedOperations: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupIDs = try reader.strings()
        includeAuthorizedOperations = try reader.bool()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.strings(groupIDs)
        writer.bool(includeAuthorizedOperations)
        writer.emptyTaggedFields()
    }
}

/// The answer to `ConsumerGroupDescribeRequest`.
package struct ConsumerGroupDescribeResponse: WireStruct {
    package struct Group: WireStruct {
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var groupID: String = ""
        package var groupState: String = ""
        package var groupEpoch: Int32 = 0
        package var assignmentEpoch: Int32 = 0
        package var assignorName: String = ""
        package var members: [Member] = []
        package var authorizedOperations: Int32 = Int32.min

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            groupID = try reader.string()
            groupState = try reader.string()
            groupEpoch = try reader.int32()
            assignmentEpoch = try reader.int32()
            assignorName = try reader.string()
            members = try reader.array(of: Member.self, version)
            authorizedOperations = try reader.int32()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.string(groupID)
            writer.string(groupState)
            writer.int32(groupEpoch)
            writer.int32(assignmentEpoch)
            writer.string(assignorName)
            writer.array(members, version)
            writer.int32(authorizedOperations)
            writer.emptyTaggedFields()
        }
    }

    package struct Member: WireStruct {
        package var memberID: String = ""
        package var instanceID: String? = nil
        package var rackID: String? = nil
        package var memberEpoch: Int32 = 0
        package var clientID: String = ""
        package var clientHost: String = ""
        package var subscribedTopicNames: [String] = []
        package var subscribedTopicRegex: String? = nil
        package var assignment = Assignment()
        package var targetAssignment = Assignment()
        /// -1 unknown, 0 classic, 1 consumer.
        package var memberType: Int8 = -1

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            memberID = try reader.string()
            instanceID = try reader.nullableString()
            rackID = try reader.nullableString()
            memberEpoch = try reader.int32()
            clientID = try reader.string()
            clientHost = try reader.string()
            subscribedTopicNames = try reader.strings()
            subscribedTopicRegex = try reader.nullableString()
            assignment = try Assignment(from: &reader, version: version)
            targetAssignment = try Assignment(from: &reader, version: version)
            if version >= 1 { memberType = try reader.int8() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(memberID)
            writer.nullableString(instanceID)
            writer.nullableString(rackID)
            writer.int32(memberEpoch)
            writer.string(clientID)
            writer.string(clientHost)
            writer.strings(subscribedTopicNames)
            writer.nullableString(subscribedTopicRegex)
            assignment.write(to: &writer, version: version)
            targetAssignment.write(to: &writer, version: version)
            if version >= 1 { writer.int8(memberType) }
            writer.emptyTaggedFields()
        }
    }

    package struct Assignment: WireStruct {
        package var topicPartitions: [TopicPartitions] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topicPartitions = try reader.array(of: TopicPartitions.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.array(topicPartitions, version)
            writer.emptyTaggedFields()
        }
    }

    package struct TopicPartitions: WireStruct {
        package var topicID: KafkaUUID = .zero
        package var topicName: String = ""
        package var partitions: [Int32] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topicID = try reader.uuid()
            topicName = try reader.string()
            partitions = try reader.int32s()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.uuid(topicID)
            writer.string(topicName)
            writer.int32s(partitions)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var groups: [Group] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        groups = try reader.array(of: Group.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(groups, version)
        writer.emptyTaggedFields()
    }
}
