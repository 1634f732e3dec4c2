package import Bytes

/// AddPartitionsToTxn (key 24), versions 0–5, flexible from 3.
package struct AddPartitionsToTxnRequest: KafkaRequest {
    package static let layout = MessageLayout(.addPartitionsToTxn, versions: 0...5, flexibleFrom: 3)

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

        package var transactionalID: String = ""
        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var verifyOnly: Bool = false
        package var topics: [Topic] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            transactionalID = try reader.string()
            producerID = try reader.int64()
            producerEpoch = try reader.int16()
            verifyOnly = try reader.bool()
            topics = try reader.array(of: Topic.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(transactionalID)
            writer.int64(producerID)
            writer.int16(producerEpoch)
            writer.bool(verifyOnly)
            writer.array(topics, version)
            writer.emptyTaggedFields()
        }
    }

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

    package var transactions: [Transaction] = []
    package var transactionalID: String = ""
    package var producerID: Int64 = 0
    package var producerEpoch: Int16 = 0
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 4 { transactions = try reader.array(of: Transaction.self, version) }
        if version <= 3 { transactionalID = try reader.string() }
        if version <= 3 { producerID = try reader.int64() }
        if version <= 3 { producerEpoch = try reader.int16() }
        if version <= 3 { topics = try reader.array(of: Topic.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 4 { writer.array(transactions, version) }
        if version <= 3 { writer.string(transactionalID) }
        if version <= 3 { writer.int64(producerID) }
        if version <= 3 { writer.int16(producerEpoch) }
        if version <= 3 { writer.array(topics, version) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `AddPartitionsToTxnRequest`.
package struct AddPartitionsToTxnResponse: WireStruct {
    package struct Transaction: WireStruct {
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

        package var transactionalID: String = ""
        package var topics: [Topic] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            transactionalID = try reader.string()
            topics = try reader.array(of: Topic.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(transactionalID)
            writer.array(topics, version)
            writer.emptyTaggedFields()
        }
    }

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
    package var errorCode: ErrorCode = .none
    package var transactions: [Transaction] = []
    package var topics: [Topic] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        if version >= 4 { errorCode = try reader.errorCode() }
        if version >= 4 { transactions = try reader.array(of: Transaction.self, version) }
        if version <= 3 { topics = try reader.array(of: Topic.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        if version >= 4 { writer.errorCode(errorCode) }
        if version >= 4 { writer.array(transactions, version) }
        if version <= 3 { writer.array(topics, version) }
        writer.emptyTaggedFields()
    }
}
