package import Bytes

/// DescribeTransactions (key 65), versions 0–0, flexible from 0.
package struct DescribeTransactionsRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeTransactions, versions: 0...0, flexibleFrom: 0)

    package var transactionalIDs: [String] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        transactionalIDs = try reader.strings()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.strings(transactionalIDs)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeTransactionsRequest`.
package struct DescribeTransactionsResponse: WireStruct {
    package struct Transaction: WireStruct {
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

        package var errorCode: ErrorCode = .none
        package var transactionalID: String = ""
        package var transactionState: String = ""
        package var transactionTimeoutMilliseconds: Int32 = 0
        package var transactionStartMilliseconds: Int64 = 0
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var topics: [Topic] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            transactionalID = try reader.string()
            transactionState = try reader.string()
            transactionTimeoutMilliseconds = try reader.int32()
            transactionStartMilliseconds = try reader.int64()
            producerID = try reader.int64()
            producerEpoch = try reader.int16()
            topics = try reader.array(of: Topic.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.string(transactionalID)
            writer.string(transactionState)
            writer.int32(transactionTimeoutMilliseconds)
            writer.int64(transactionStartMilliseconds)
            writer.int64(producerID)
            writer.int16(producerEpoch)
            writer.array(topics, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var transactionStates: [Transaction] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        transactionStates = try reader.array(of: Transaction.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(transactionStates, version)
        writer.emptyTaggedFields()
    }
}
