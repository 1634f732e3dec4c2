package import Bytes

/// DeleteRecords (key 21), versions 0–2, flexible from 2.
package struct DeleteRecordsRequest: KafkaRequest {
    package static let layout = MessageLayout(.deleteRecords, versions: 0...2, flexibleFrom: 2)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var offset: Int64 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                offset = try reader.int64()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.int64(offset)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic] = []
    package var timeoutMilliseconds: Int32 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.array(of: Topic.self, version)
        timeoutMilliseconds = try reader.int32()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(topics, version)
        writer.int32(timeoutMilliseconds)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DeleteRecordsRequest`.
package struct DeleteRecordsResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var partitionIndex: Int32 = 0
            package var lowWatermark: Int64 = 0
            package var errorCode: ErrorCode = .none

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                lowWatermark = try reader.int64()
                errorCode = try reader.errorCode()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.int64(lowWatermark)
                writer.errorCode(errorCode)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var partitions: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitions = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.array(partitions, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}
