package import Bytes

/// OffsetDelete (key 47), versions 0, never flexible.
package struct OffsetDeleteRequest: KafkaRequest {
    package static let layout = MessageLayout(.offsetDelete, versions: 0...0, flexibleFrom: nil)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.array(partitions, version)
        }
    }

    package var groupID: String = ""
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        groupID = try reader.string()
        topics = try reader.array(of: Topic.self, version)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(groupID)
        writer.array(topics, version)
    }
}

/// The answer to `OffsetDeleteRequest`.
package struct OffsetDeleteResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var errorCode: ErrorCode = .none

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                errorCode = try reader.errorCode()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.errorCode(errorCode)
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.array(partitions, version)
        }
    }

    package var errorCode: ErrorCode = .none
    package var throttleTimeMilliseconds: Int32 = 0
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        errorCode = try reader.errorCode()
        throttleTimeMilliseconds = try reader.int32()
        topics = try reader.array(of: Topic.self, version)
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.int32(throttleTimeMilliseconds)
        writer.array(topics, version)
    }
}
