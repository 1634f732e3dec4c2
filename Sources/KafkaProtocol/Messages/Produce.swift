package import Bytes

/// Produce (key 0), versions 3–13, flexible from 9; topics by id from 13.
package struct ProduceRequest: KafkaRequest {
    package static let layout = MessageLayout(.produce, versions: 3...13, flexibleFrom: 9)

    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package var index: Int32 = 0
            package var records: RecordSet = .none

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                index = try reader.int32()
                records = try reader.records()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(index)
                writer.records(records)
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitionData: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 12 { name = try reader.string() }
            if version >= 13 { topicID = try reader.uuid() }
            partitionData = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 12 { writer.string(name) }
            if version >= 13 { writer.uuid(topicID) }
            writer.array(partitionData, version)
            writer.emptyTaggedFields()
        }
    }

    package var transactionalID: String? = nil
    package var acks: Int16 = 0
    package var timeoutMilliseconds: Int32 = 0
    package var topicData: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        transactionalID = try reader.nullableString()
        acks = try reader.int16()
        timeoutMilliseconds = try reader.int32()
        topicData = try reader.array(of: Topic.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.nullableString(transactionalID)
        writer.int16(acks)
        writer.int32(timeoutMilliseconds)
        writer.array(topicData, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `ProduceRequest`.
package struct ProduceResponse: WireStruct {
    package struct Topic: WireStruct {
        package struct Partition: WireStruct {
            package struct RecordError: WireStruct {
                package var batchIndex: Int32 = 0
                package var batchIndexErrorMessage: String? = nil

                package init() {}

                package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                    if version >= 8 { batchIndex = try reader.int32() }
                    if version >= 8 { batchIndexErrorMessage = try reader.nullableString() }
                    try reader.skipTaggedFields()
                }

                package func write(to writer: inout WireWriter, version: Int16) {
                    if version >= 8 { writer.int32(batchIndex) }
                    if version >= 8 { writer.nullableString(batchIndexErrorMessage) }
                    writer.emptyTaggedFields()
                }
            }

            package var index: Int32 = 0
            package var errorCode: ErrorCode = .none
            package var baseOffset: Int64 = 0
            package var logAppendTimeMilliseconds: Int64 = -1
            package var logStartOffset: Int64 = -1
            package var recordErrors: [RecordError] = []
            package var errorMessage: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                index = try reader.int32()
                errorCode = try reader.errorCode()
                baseOffset = try reader.int64()
                logAppendTimeMilliseconds = try reader.int64()
                if version >= 5 { logStartOffset = try reader.int64() }
                if version >= 8 { recordErrors = try reader.array(of: RecordError.self, version) }
                if version >= 8 { errorMessage = try reader.nullableString() }
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int32(index)
                writer.errorCode(errorCode)
                writer.int64(baseOffset)
                writer.int64(logAppendTimeMilliseconds)
                if version >= 5 { writer.int64(logStartOffset) }
                if version >= 8 { writer.array(recordErrors, version) }
                if version >= 8 { writer.nullableString(errorMessage) }
                writer.emptyTaggedFields()
            }
        }

        package var name: String = ""
        package var topicID: KafkaUUID = .zero
        package var partitionResponses: [Partition] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version <= 12 { name = try reader.string() }
            if version >= 13 { topicID = try reader.uuid() }
            partitionResponses = try reader.array(of: Partition.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version <= 12 { writer.string(name) }
            if version >= 13 { writer.uuid(topicID) }
            writer.array(partitionResponses, version)
            writer.emptyTaggedFields()
        }
    }

    package var responses: [Topic] = []
    package var throttleTimeMilliseconds: Int32 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        responses = try reader.array(of: Topic.self, version)
        throttleTimeMilliseconds = try reader.int32()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(responses, version)
        writer.int32(throttleTimeMilliseconds)
        writer.emptyTaggedFields()
    }
}
