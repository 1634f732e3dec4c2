package import Bytes

/// Metadata (key 3), versions 0–13, flexible from 9.
package struct MetadataRequest: KafkaRequest {
    package static let layout = MessageLayout(.metadata, versions: 0...13, flexibleFrom: 9)

    package struct Topic: WireStruct {
        package var topicID: KafkaUUID = .zero
        package var name: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 10 { topicID = try reader.uuid() }
            name = try reader.nullableString()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 10 { writer.uuid(topicID) }
            writer.nullableString(version >= 10 ? name : name ?? "")
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic]? = []
    package var allowAutoTopicCreation: Bool = true
    package var includeClusterAuthorizedOperations: Bool = false
    package var includeTopicAuthorizedOperations: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.nullableArray(of: Topic.self, version)
        if version >= 4 { allowAutoTopicCreation = try reader.bool() }
        if version >= 8 && version <= 10 { includeClusterAuthorizedOperations = try reader.bool() }
        if version >= 8 { includeTopicAuthorizedOperations = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.nullableArray(version >= 1 ? topics : topics ?? [], version)
        if version >= 4 { writer.bool(allowAutoTopicCreation) }
        if version >= 8 && version <= 10 { writer.bool(includeClusterAuthorizedOperations) }
        if version >= 8 { writer.bool(includeTopicAuthorizedOperations) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `MetadataRequest`.
package struct MetadataResponse: WireStruct {
    package struct Broker: WireStruct {
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            nodeID = try reader.int32()
            host = try reader.string()
            port = try reader.int32()
            if version >= 1 { rack = try reader.nullableString() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int32(nodeID)
            writer.string(host)
            writer.int32(port)
            if version >= 1 { writer.nullableString(rack) }
            writer.emptyTaggedFields()
        }
    }

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var errorCode: ErrorCode = .none
            package var partitionIndex: Int32 = 0
            package var leaderID: Int32 = 0
            package var leaderEpoch: Int32 = -1
            package var replicaNodes: [Int32] = []
            package var isrNodes: [Int32] = []
            package var offlineReplicas: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                errorCode = try reader.errorCode()
                partitionIndex = try reader.int32()
                leaderID = try reader.int32()
                if version >= 7 { leaderEpoch = try reader.int32() }
                replicaNodes = try reader.int32s()
                isrNodes = try reader.int32s()
                if version >= 5 { offlineReplicas = try reader.int32s() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.errorCode(errorCode)
                writer.int32(partitionIndex)
                writer.int32(leaderID)
                if version >= 7 { writer.int32(leaderEpoch) }
                writer.int32s(replicaNodes)
                writer.int32s(isrNodes)
                if version >= 5 { writer.int32s(offlineReplicas) }
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
            if version >= 10 { topicID = try reader.uuid() }
            if version >= 1 { isInternal = try reader.bool() }
            partitions = try reader.array(of: Partition.self, version)
            if version >= 8 { topicAuthorizedOperations = try reader.int32() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(version >= 12 ? name : name ?? "")
            if version >= 10 { writer.uuid(topicID) }
            if version >= 1 { writer.bool(isInternal) }
            writer.array(partitions, version)
            if version >= 8 { writer.int32(topicAuthorizedOperations) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var brokers: [Broker] = []
    package var clusterID: String? = nil
    package var controllerID: Int32 = -1
    package var topics: [Topic] = []
    package var clusterAuthorizedOperations: Int32 = Int32.min
    package var errorCode: ErrorCode = .none

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 3 { throttleTimeMilliseconds = try reader.int32() }
        brokers = try reader.array(of: Broker.self, version)
        if version >= 2 { clusterID = try reader.nullableString() }
        if version >= 1 { controllerID = try reader.int32() }
        topics = try reader.array(of: Topic.self, version)
        if version >= 8 && version <= 10 { clusterAuthorizedOperations = try reader.int32() }
        if version >= 13 { errorCode = try reader.errorCode() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 3 { writer.int32(throttleTimeMilliseconds) }
        writer.array(brokers, version)
        if version >= 2 { writer.nullableString(clusterID) }
        if version >= 1 { writer.int32(controllerID) }
        writer.array(topics, version)
        if version >= 8 && version <= 10 { writer.int32(clusterAuthorizedOperations) }
        if version >= 13 { writer.errorCode(errorCode) }
        writer.emptyTaggedFields()
    }
}
