package import Bytes

/// DescribeCluster (key 60), versions 0–2, flexible from 0.
package struct DescribeClusterRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeCluster, versions: 0...2, flexibleFrom: 0)

    package var includeClusterAuthorizedOperations: Bool = false
    package var endpointType: Int8 = 1
    package var includeFencedBrokers: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        includeClusterAuthorizedOperations = try reader.bool()
        if version >= 1 { endpointType = try reader.int8() }
        if version >= 2 { includeFencedBrokers = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.bool(includeClusterAuthorizedOperations)
        if version >= 1 { writer.int8(endpointType) }
        if version >= 2 { writer.bool(includeFencedBrokers) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeClusterRequest`.
package struct DescribeClusterResponse: WireStruct {
    package struct Broker: WireStruct {
        package var brokerID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var rack: String? = nil
        package var isFenced: Bool = false

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            brokerID = try reader.int32()
            host = try reader.string()
            port = try reader.int32()
            rack = try reader.nullableString()
            if version >= 2 { isFenced = try reader.bool() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int32(brokerID)
            writer.string(host)
            writer.int32(port)
            writer.nullableString(rack)
            if version >= 2 { writer.bool(isFenced) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var endpointType: Int8 = 1
    package var clusterID: String = ""
    package var controllerID: Int32 = -1
    package var brokers: [Broker] = []
    package var clusterAuthorizedOperations: Int32 = Int32.min

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        if version >= 1 { endpointType = try reader.int8() }
        clusterID = try reader.string()
        controllerID = try reader.int32()
        brokers = try reader.array(of: Broker.self, version)
        clusterAuthorizedOperations = try reader.int32()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        if version >= 1 { writer.int8(endpointType) }
        writer.string(clusterID)
        writer.int32(controllerID)
        writer.array(brokers, version)
        writer.int32(clusterAuthorizedOperations)
        writer.emptyTaggedFields()
    }
}
