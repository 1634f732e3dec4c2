package import Bytes

/// DescribeProducers (key 61), versions 0–0, flexible from 0.
package struct DescribeProducersRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeProducers, versions: 0...0, flexibleFrom: 0)

    package struct Topic: WireStruct {
        package var name: String = ""
        package var partitionIndexes: [Int32] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            partitionIndexes = try reader.int32s()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int32s(partitionIndexes)
            writer.emptyTaggedFields()
        }
    }

    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        topics = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(topics, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeProducersRequest`.
package struct DescribeProducersResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package struct Producer: WireStruct {
                package var producerID: Int64 = 0
                package var producerEpoch: Int32 = 0
                package var lastSequence: Int32 = -1
                package var lastTimestamp: Int64 = -1
                package var coordinatorEpoch: Int32 = 0
                package var currentTransactionStartOffset: Int64 = -1

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    producerID = try reader.int64()
                    producerEpoch = try reader.int32()
                    lastSequence = try reader.int32()
                    lastTimestamp = try reader.int64()
                    coordinatorEpoch = try reader.int32()
                    currentTransactionStartOffset = try reader.int64()
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    writer.int64(producerID)
                    writer.int32(producerEpoch)
                    writer.int32(lastSequence)
                    writer.int64(lastTimestamp)
                    writer.int32(coordinatorEpoch)
                    writer.int64(currentTransactionStartOffset)
                    writer.emptyTaggedFields()
                }
            }

            package var partitionIndex: Int32 = 0
            package var errorCode: ErrorCode = .none
            package var errorMessage: String? = nil
            package var activeProducers: [Producer] = []

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                partitionIndex = try reader.int32()
                errorCode = try reader.errorCode()
                errorMessage = try reader.nullableString()
                activeProducers = try reader.array(of: Producer.self, version)
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(partitionIndex)
                writer.errorCode(errorCode)
                writer.nullableString(errorMessage)
                writer.array(activeProducers, version)
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
