package import Bytes

/// WriteTxnMarkers (key 27), versions 0–2, flexible from 1.
package struct WriteTxnMarkersRequest: KafkaRequest {
    package static let layout = MessageLayout(.writeTxnMarkers, versions: 0...2, flexibleFrom: 1)

    package struct Marker: WireStruct {
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

        package var producerID: Int64 = 0
        package var producerEpoch: Int16 = 0
        package var transactionResult: Bool = false
        package var topics: [Topic] = []
        package var coordinatorEpoch: Int32 = 0
        package var transactionVersion: Int8 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            producerID = try reader.int64()
            producerEpoch = try reader.int16()
            transactionResult = try reader.bool()
            topics = try reader.array(of: Topic.self, version)
            coordinatorEpoch = try reader.int32()
            if version >= 2 { transactionVersion = try reader.int8() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int64(producerID)
            writer.int16(producerEpoch)
            writer.bool(transactionResult)
            writer.array(topics, version)
            writer.int32(coordinatorEpoch)
            if version >= 2 { writer.int8(transactionVersion) }
            writer.emptyTaggedFields()
        }
    }

    package var markers: [Marker] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        markers = try reader.array(of: Marker.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(markers, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `WriteTxnMarkersRequest`.
package struct WriteTxnMarkersResponse: WireStruct {
    package struct Marker: WireStruct {
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

        package var producerID: Int64 = 0
        package var topics: [Topic] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            producerID = try reader.int64()
            topics = try reader.array(of: Topic.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int64(producerID)
            writer.array(topics, version)
            writer.emptyTaggedFields()
        }
    }

    package var markers: [Marker] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        markers = try reader.array(of: Marker.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(markers, version)
        writer.emptyTaggedFields()
    }
}
