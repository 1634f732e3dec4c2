package import Bytes

/// FindCoordinator (key 10), versions 0–6, flexible from 3.
package struct FindCoordinatorRequest: KafkaRequest {
    package static let layout = MessageLayout(.findCoordinator, versions: 0...6, flexibleFrom: 3)

    package var key: String = ""
    package var keyType: Int8 = 0
    package var coordinatorKeys: [String] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version <= 3 { key = try reader.string() }
        if version >= 1 { keyType = try reader.int8() }
        if version >= 4 { coordinatorKeys = try reader.strings() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version <= 3 { writer.string(key) }
        if version >= 1 { writer.int8(keyType) }
        if version >= 4 { writer.strings(coordinatorKeys) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `FindCoordinatorRequest`.
package struct FindCoordinatorResponse: WireStruct {
    package struct Coordinator: WireStruct {
        package var key: String = ""
        package var nodeID: Int32 = 0
        package var host: String = ""
        package var port: Int32 = 0
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 4 { key = try reader.string() }
            if version >= 4 { nodeID = try reader.int32() }
            if version >= 4 { host = try reader.string() }
            if version >= 4 { port = try reader.int32() }
            if version >= 4 { errorCode = try reader.errorCode() }
            if version >= 4 { errorMessage = try reader.nullableString() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 4 { writer.string(key) }
            if version >= 4 { writer.int32(nodeID) }
            if version >= 4 { writer.string(host) }
            if version >= 4 { writer.int32(port) }
            if version >= 4 { writer.errorCode(errorCode) }
            if version >= 4 { writer.nullableString(errorMessage) }
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var nodeID: Int32 = 0
    package var host: String = ""
    package var port: Int32 = 0
    package var coordinators: [Coordinator] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        if version <= 3 { errorCode = try reader.errorCode() }
        if version >= 1 && version <= 3 { errorMessage = try reader.nullableString() }
        if version <= 3 { nodeID = try reader.int32() }
        if version <= 3 { host = try reader.string() }
        if version <= 3 { port = try reader.int32() }
        if version >= 4 { coordinators = try reader.array(of: Coordinator.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        if version <= 3 { writer.errorCode(errorCode) }
        if version >= 1 && version <= 3 { writer.nullableString(errorMessage) }
        if version <= 3 { writer.int32(nodeID) }
        if version <= 3 { writer.string(host) }
        if version <= 3 { writer.int32(port) }
        if version >= 4 { writer.array(coordinators, version) }
        writer.emptyTaggedFields()
    }
}
