package import Bytes

/// ApiVersions (key 18), versions 0–4, flexible from 3.
package struct ApiVersionsRequest: KafkaRequest {
    package static let layout = MessageLayout(.apiVersions, versions: 0...4, flexibleFrom: 3)

    package var clientSoftwareName: String = ""
    package var clientSoftwareVersion: String = ""

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        if version >= 3 { clientSoftwareName = try reader.string() }
        if version >= 3 { clientSoftwareVersion = try reader.string() }
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        if version >= 3 { writer.string(clientSoftwareName) }
        if version >= 3 { writer.string(clientSoftwareVersion) }
        writer.emptyTaggedFields()
    }
}

/// The answer to `ApiVersionsRequest`.
package struct ApiVersionsResponse: WireStruct {
    package struct Version: WireStruct {
        package var apiKey: Int16 = 0
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            apiKey = try reader.int16()
            minVersion = try reader.int16()
            maxVersion = try reader.int16()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.int16(apiKey)
            writer.int16(minVersion)
            writer.int16(maxVersion)
            writer.emptyTaggedFields()
        }
    }

    package struct SupportedFeature: WireStruct {
        package var name: String = ""
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 3 { name = try reader.string() }
            if version >= 3 { minVersion = try reader.int16() }
            if version >= 3 { maxVersion = try reader.int16() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 3 { writer.string(name) }
            if version >= 3 { writer.int16(minVersion) }
            if version >= 3 { writer.int16(maxVersion) }
            writer.emptyTaggedFields()
        }
    }

    package struct FinalizedFeature: WireStruct {
        package var name: String = ""
        package var maxVersionLevel: Int16 = 0
        package var minVersionLevel: Int16 = 0

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            if version >= 3 { name = try reader.string() }
            if version >= 3 { maxVersionLevel = try reader.int16() }
            if version >= 3 { minVersionLevel = try reader.int16() }
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            if version >= 3 { writer.string(name) }
            if version >= 3 { writer.int16(maxVersionLevel) }
            if version >= 3 { writer.int16(minVersionLevel) }
            writer.emptyTaggedFields()
        }
    }

    package var errorCode: ErrorCode = .none
    package var apiKeys: [Version] = []
    package var throttleTimeMilliseconds: Int32 = 0
    package var supportedFeatures: [SupportedFeature] = []
    package var finalizedFeaturesEpoch: Int64 = -1
    package var finalizedFeatures: [FinalizedFeature] = []
    package var zkMigrationReady: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        errorCode = try reader.errorCode()
        apiKeys = try reader.array(of: Version.self, version)
        if version >= 1 { throttleTimeMilliseconds = try reader.int32() }
        var tags = try reader.taggedFields()
        while let tag = try reader.nextTag(&tags) {
            switch tag {
            case 0: supportedFeatures = try reader.array(of: SupportedFeature.self, version)
            case 1: finalizedFeaturesEpoch = try reader.int64()
            case 2: finalizedFeatures = try reader.array(of: FinalizedFeature.self, version)
            case 3: zkMigrationReady = try reader.bool()
            default: try reader.skipTag(tags)
            }
        }
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.array(apiKeys, version)
        if version >= 1 { writer.int32(throttleTimeMilliseconds) }
        guard version >= 3 else { return }
        // Up to version 3 a lower bound of 0 breaks readers, so such features are left out there.
        let supported = version >= 4 ? supportedFeatures : supportedFeatures.filter { $0.minVersion > 0 }
        var tags = TaggedFieldsWriter()
        if !supported.isEmpty { tags.add(0) { $0.array(supported, version) } }
        if finalizedFeaturesEpoch >= 0 { tags.add(1) { $0.int64(finalizedFeaturesEpoch) } }
        if !finalizedFeatures.isEmpty { tags.add(2) { $0.array(finalizedFeatures, version) } }
        if zkMigrationReady { tags.add(3) { $0.bool(true) } }
        writer.taggedFields(tags)
    }
}
