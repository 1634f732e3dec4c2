package import Bytes

/// AlterUserScramCredentials (key 51), version 0, flexible from 0.
package struct AlterUserScramCredentialsRequest: KafkaRequest {
    package struct Deletion: WireStruct {
        package var name: String = ""
        package var mechanism: Int8 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            mechanism = try reader.int8()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int8(mechanism)
            writer.emptyTaggedFields()
        }
    }

    package struct Upsertion: WireStruct {
        package var name: String = ""
        package var mechanism: Int8 = 0
        package var iterations: Int32 = 0
        package var salt: [UInt8] = []
        package var saltedPassword: [UInt8] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            mechanism = try reader.int8()
            iterations = try reader.int32()
            salt = try reader.bytes()
            saltedPassword = try reader.bytes()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.int8(mechanism)
            writer.int32(iterations)
            writer.bytes(salt)
            writer.bytes(saltedPassword)
            writer.emptyTaggedFields()
        }
    }

    package static let layout = MessageLayout(.alterUserScramCredentials, versions: 0...0, flexibleFrom: 0)

    package var deletions: [Deletion] = []
    package var upsertions: [Upsertion] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        deletions = try reader.array(of: Deletion.self, version)
        upsertions = try reader.array(of: Upsertion.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(deletions, version)
        writer.array(upsertions, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `AlterUserScramCredentialsRequest`.
package struct AlterUserScramCredentialsResponse: WireStruct {
    package struct Result: WireStruct {
        package var user: String = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            user = try reader.string()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(user)
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var results: [Result] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        results = try reader.array(of: Result.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(results, version)
        writer.emptyTaggedFields()
    }
}
