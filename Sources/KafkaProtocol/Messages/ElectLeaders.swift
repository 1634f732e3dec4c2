package import Bytes

/// ElectLeaders (key 43), versions 0–2, flexible from 2.
package struct ElectLeadersRequest: KafkaRequest {
    package static let layout = MessageLayout(.electLeaders, versions: 0...2, flexibleFrom: 2)

    package struct Topic: WireStruct {
        package var topic: String = ""
        package var partitions: [Int32] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topic = try reader.string()
            partitions = try reader.int32s()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topic)
            writer.int32s(partitions)
            writer.emptyTaggedFields()
        }
    }

    package var electionType: Int8 = 0
    package var topicPartitions: [Topic]? = []
    package var timeoutMilliseconds: Int32 = 60000

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { electionType = try reader.int8() }
        topicPartitions = try reader.nullableArray(of: Topic.self, version)
        timeoutMilliseconds = try reader.int32()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int8(electionType) }
        writer.nullableArray(topicPartitions, version)
        writer.int32(timeoutMilliseconds)
        writer.emptyTaggedFields()
    }
}

/// The answer to `ElectLeadersRequest`.
package struct ElectLeadersResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionID: Int32 = 0
            package var errorCode: ErrorCode = .none
            package var errorMessage: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionID = try reader.int32()
                errorCode = try reader.errorCode()
                errorMessage = try reader.nullableString()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionID)
                writer.errorCode(errorCode)
                writer.nullableString(errorMessage)
                writer.emptyTaggedFields()
            }
        }

        package var topic: String = ""
        package var partitionResult: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topic = try reader.string()
            partitionResult = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topic)
            writer.array(partitionResult, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var replicaElectionResults: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        if version >= 1 { errorCode = try reader.errorCode() }
        replicaElectionResults = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        if version >= 1 { writer.errorCode(errorCode) }
        writer.array(replicaElectionResults, version)
        writer.emptyTaggedFields()
    }
}
