package import Bytes

/// UpdateFeatures (key 57), versions 0–2, flexible from 0.
package struct UpdateFeaturesRequest: KafkaRequest {
    package static let layout = MessageLayout(.updateFeatures, versions: 0...2, flexibleFrom: 0)

    package struct Update: WireStruct {
        package var feature: String = ""
        package var maxVersionLevel: Int16 = 0
        package var allowDowngrade: Bool = false
        package var upgradeType: Int8 = 1

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            feature = try reader.string()
            maxVersionLevel = try reader.int16()
            if version <= 0 { allowDowngrade = try reader.bool() }
            if version >= 1 { upgradeType = try reader.int8() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(feature)
            writer.int16(maxVersionLevel)
            if version <= 0 { writer.bool(allowDowngrade) }
            if version >= 1 { writer.int8(upgradeType) }
            writer.emptyTaggedFields()
        }
    }

    package var timeoutMilliseconds: Int32 = 60000
    package var featureUpdates: [Update] = []
    package var validateOnly: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        timeoutMilliseconds = try reader.int32()
        featureUpdates = try reader.array(of: Update.self, version)
        if version >= 1 { validateOnly = try reader.bool() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(timeoutMilliseconds)
        writer.array(featureUpdates, version)
        if version >= 1 { writer.bool(validateOnly) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `UpdateFeaturesRequest`.
package struct UpdateFeaturesResponse: WireStruct {
    package struct Result: WireStruct {
        package var feature: String = ""
        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            feature = try reader.string()
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(feature)
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
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
        if version <= 1 { results = try reader.array(of: Result.self, version) }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        if version <= 1 { writer.array(results, version) }
        writer.emptyTaggedFields()
    }
}
