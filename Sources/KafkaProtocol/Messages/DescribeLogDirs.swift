package import Bytes

/// DescribeLogDirs (key 35), versions 0–5, flexible from 2.
package struct DescribeLogDirsRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeLogDirs, versions: 0...5, flexibleFrom: 2)

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

    package var topics: [Topic]? = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.nullableArray(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.nullableArray(topics, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeLogDirsRequest`.
package struct DescribeLogDirsResponse: WireStruct {
    package struct Directory: WireStruct {
        package struct Topic: WireStruct {
            package struct Partition: WireStruct {
                package var partitionIndex: Int32 = 0
                package var partitionSize: Int64 = 0
                package var offsetLag: Int64 = 0
                package var isFutureKey: Bool = false

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    partitionIndex = try reader.int32()
                    partitionSize = try reader.int64()
                    offsetLag = try reader.int64()
                    isFutureKey = try reader.bool()
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    writer.int32(partitionIndex)
                    writer.int64(partitionSize)
                    writer.int64(offsetLag)
                    writer.bool(isFutureKey)
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

        package var errorCode: ErrorCode = .none
        package var logDir: String = ""
        package var topics: [Topic] = []
        package var totalBytes: Int64 = -1
        package var usableBytes: Int64 = -1
        package var isCordoned: Bool = false

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            logDir = try reader.string()
            topics = try reader.array(of: Topic.self, version)
            if version >= 4 { totalBytes = try reader.int64() }
            if version >= 4 { usableBytes = try reader.int64() }
            if version >= 5 { isCordoned = try reader.bool() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.string(logDir)
            writer.array(topics, version)
            if version >= 4 { writer.int64(totalBytes) }
            if version >= 4 { writer.int64(usableBytes) }
            if version >= 5 { writer.bool(isCordoned) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var results: [Directory] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        if version >= 3 { errorCode = try reader.errorCode() }
        results = try reader.array(of: Directory.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        if version >= 3 { writer.errorCode(errorCode) }
        writer.array(results, version)
        writer.emptyTaggedFields()
    }
}
