package import Bytes

/// SaslHandshake (key 17), versions 0–1.
package struct SaslHandshakeRequest: KafkaRequest {
    package static let layout = MessageLayout(.saslHandshake, versions: 0...1, flexibleFrom: nil)

    package var mechanism: String = ""

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        mechanism = try reader.string()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.string(mechanism)
    }
}

/// The answer to `SaslHandshakeRequest`.
package struct SaslHandshakeResponse: WireStruct {
    package var errorCode: ErrorCode = .none
    package var mechanisms: [String] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        errorCode = try reader.errorCode()
        mechanisms = try reader.strings()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.strings(mechanisms)
    }
}
