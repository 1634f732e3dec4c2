package import Bytes

/// ListTransactions (key 66), versions 0–2, flexible from 0.
package struct ListTransactionsRequest: KafkaRequest {
    package static let layout = MessageLayout(.listTransactions, versions: 0...2, flexibleFrom: 0)

    package var stateFilters: [String] = []
    package var producerIDFilters: [Int64] = []
    package var durationFilter: Int64 = -1
    package var transactionalIDPattern: String? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        stateFilters = try reader.strings()
        producerIDFilters = try reader.int64s()
        if version >= 1 { durationFilter = try reader.int64() }
        if version >= 2 { transactionalIDPattern = try reader.nullableString() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.strings(stateFilters)
        writer.int64s(producerIDFilters)
        if version >= 1 { writer.int64(durationFilter) }
        if version >= 2 { writer.nullableString(transactionalIDPattern) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `ListTransactionsRequest`.
package struct ListTransactionsResponse: WireStruct {
    package struct Transaction: WireStruct {
        package var transactionalID: String = ""
        package var producerID: Int64 = 0
        package var transactionState: String = ""

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            transactionalID = try reader.string()
            producerID = try reader.int64()
            transactionState = try reader.string()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(transactionalID)
            writer.int64(producerID)
            writer.string(transactionState)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var unknownStateFilters: [String] = []
    package var transactionStates: [Transaction] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        unknownStateFilters = try reader.strings()
        transactionStates = try reader.array(of: Transaction.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.strings(unknownStateFilters)
        writer.array(transactionStates, version)
        writer.emptyTaggedFields()
    }
}
