package import Bytes

/// DescribeUserScramCredentials (key 50), version 0, flexible from 0.
package struct DescribeUserScramCredentialsRequest: KafkaRequest {
    package struct User: WireStruct {
        package var name: String = ""

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            name = try reader.string()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(name)
            writer.emptyTaggedFields()
        }
    }

    package static let layout = MessageLayout(.describeUserScramCredentials, versions: 0...0, flexibleFrom: 0)

    /// Nil or empty for all users.
    package var users: [User]? = nil

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        users = try reader.nullableArray(of: User.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.nullableArray(users, version)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeUserScramCredentialsRequest`.
package struct DescribeUserScramCredentialsResponse: WireStruct {
    package struct Result: WireStruct {
        package struct Credential: WireStruct {
            package var mechanism: Int8 = 0
            package var iterations: Int32 = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                mechanism = try reader.int8()
                iterations = try reader.int32()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.int8(mechanism)
                writer.int32(iterations)
                writer.emptyTaggedFields()
            }
        }

        package var user: String = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var credentialInfos: [Credential] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            user = try reader.string()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            credentialInfos = try reader.array(of: Credential.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(user)
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.array(credentialInfos, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var results: [Result] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        results = try reader.array(of: Result.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(results, version)
        writer.emptyTaggedFields()
    }
}
