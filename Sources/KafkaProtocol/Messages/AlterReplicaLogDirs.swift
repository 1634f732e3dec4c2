package import Bytes

/// AlterReplicaLogDirs (key 34), versions 0–2, flexible from 2.
package struct AlterReplicaLogDirsRequest: KafkaRequest {
    package static let layout = MessageLayout(.alterReplicaLogDirs, versions: 0...2, flexibleFrom: 2)

    package struct Directory: WireStruct {
        package struct Topic: WireStruct {
            package var name: String = ""
            package var partitions: [Int32] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                name = try reader.string()
                partitions = try reader.int32s()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(name)
                writer.int32s(partitions)
                writer.emptyTaggedFields()
            }
        }

        package var path: String = ""
        package var topics: [Topic] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            path = try reader.string()
            topics = try reader.array(of: Topic.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(path)
            writer.array(topics, version)
            writer.emptyTaggedFields()
        }
    }

    package var dirs: [Directory] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        dirs = try reader.array(of: Directory.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(dirs, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `AlterReplicaLogDirsRequest`.
package struct AlterReplicaLogDirsResponse: WireStruct {
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

        package var topicName: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            topicName = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(topicName)
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var results: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        results = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(results, version)
        writer.emptyTaggedFields()
    }
}
