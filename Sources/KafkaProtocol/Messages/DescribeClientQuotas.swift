package import Bytes

/// DescribeClientQuotas (key 48), versions 0–1, flexible from 1.
package struct DescribeClientQuotasRequest: KafkaRequest {
    package static let layout = MessageLayout(.describeClientQuotas, versions: 0...1, flexibleFrom: 1)

    package struct Component: WireStruct {
        package var entityType: String = ""
        package var matchType: Int8 = 0
        package var match: String? = nil

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            entityType = try reader.string()
            matchType = try reader.int8()
            match = try reader.nullableString()
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.string(entityType)
            writer.int8(matchType)
            writer.nullableString(match)
            writer.emptyTaggedFields()
        }
    }

    package var components: [Component] = []
    package var strict: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        components = try reader.array(of: Component.self, version)
        strict = try reader.bool()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(components, version)
        writer.bool(strict)
        writer.emptyTaggedFields()
    }
}

/// The answer to `DescribeClientQuotasRequest`.
package struct DescribeClientQuotasResponse: WireStruct {
    package struct Entry: WireStruct {
        package struct Entity: WireStruct {
            package var entityType: String = ""
            package var entityName: String? = nil

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                entityType = try reader.string()
                entityName = try reader.nullableString()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(entityType)
                writer.nullableString(entityName)
                writer.emptyTaggedFields()
            }
        }

        package struct Value: WireStruct {
            package var key: String = ""
            package var value: Double = 0

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                key = try reader.string()
                value = try reader.float64()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(key)
                writer.float64(value)
                writer.emptyTaggedFields()
            }
        }

        package var entity: [Entity] = []
        package var values: [Value] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            entity = try reader.array(of: Entity.self, version)
            values = try reader.array(of: Value.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.array(entity, version)
            writer.array(values, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var errorCode: ErrorCode = .none
    package var errorMessage: String? = nil
    package var entries: [Entry]? = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        errorCode = try reader.errorCode()
        errorMessage = try reader.nullableString()
        entries = try reader.nullableArray(of: Entry.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.nullableArray(entries, version)
        writer.emptyTaggedFields()
    }
}
