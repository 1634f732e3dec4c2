package import Bytes

/// SaslAuthenticate (key 36), versions 0–2, flexible from 2.
package struct SaslAuthenticateRequest: KafkaRequest {
    package static let layout = MessageLayout(.saslAuthenticate, versions: 0...2, flexibleFrom: 2)

    package var authBytes: [UInt8] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        authBytes = try reader.bytes()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.bytes(authBytes)
        writer.emptyTaggedFields()
    }
}

/// The answer to `SaslAuthenticateRequest`.
package struct SaslAuthenticateResponse: WireStruct {
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var authBytes: [UInt8] = []
    package var sessionLifetimeMilliseconds: Int64 = 0

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        authBytes = try reader.bytes()
        if version >= 1 { sessionLifetimeMilliseconds = try reader.int64() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.bytes(authBytes)
        if version >= 1 { writer.int64(sessionLifetimeMilliseconds) }
        writer.emptyTaggedFields()
    }
}
