package import Bytes

/// AlterClientQuotas (key 49), versions 0–1, flexible from 1.
package struct AlterClientQuotasRequest: KafkaRequest {
    package static let layout = MessageLayout(.alterClientQuotas, versions: 0...1, flexibleFrom: 1)

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

        package struct Operation: WireStruct {
            package var key: String = ""
            package var value: Double = 0
            package var remove: Bool = false

            package init() {}

            package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
                key = try reader.string()
                value = try reader.float64()
                remove = try reader.bool()
                try reader.skipTaggedFields()
            }

            package func write(to writer: inout WireWriter, version: Int16) {
                writer.string(key)
                writer.float64(value)
                writer.bool(remove)
                writer.emptyTaggedFields()
            }
        }

        package var entity: [Entity] = []
        package var ops: [Operation] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            entity = try reader.array(of: Entity.self, version)
            ops = try reader.array(of: Operation.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.array(entity, version)
            writer.array(ops, version)
            writer.emptyTaggedFields()
        }
    }

    package var entries: [Entry] = []
    package var validateOnly: Bool = false

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        entries = try reader.array(of: Entry.self, version)
        validateOnly = try reader.bool()
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.array(entries, version)
        writer.bool(validateOnly)
        writer.emptyTaggedFields()
    }
}

/// The answer to `AlterClientQuotasRequest`.
package struct AlterClientQuotasResponse: WireStruct {
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

        package var errorCode: ErrorCode = .none
        package var errorMessage: String? = nil
        package var entity: [Entity] = []

        package init() {}

        package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
            errorCode = try reader.errorCode()
            errorMessage = try reader.nullableString()
            entity = try reader.array(of: Entity.self, version)
            try reader.skipTaggedFields()
        }

        package func write(to writer: inout WireWriter, version: Int16) {
            writer.errorCode(errorCode)
            writer.nullableString(errorMessage)
            writer.array(entity, version)
            writer.emptyTaggedFields()
        }
    }

    package var throttleTimeMilliseconds: Int32 = 0
    package var entries: [Entry] = []

    package init() {}

    package init(from reader: inout WireReader, version: Int16) throws(ByteError) {
        throttleTimeMilliseconds = try reader.int32()
        entries = try reader.array(of: Entry.self, version)
        try reader.skipTaggedFields()
    }

    package func write(to writer: inout WireWriter, version: Int16) {
        writer.int32(throttleTimeMilliseconds)
        writer.array(entries, version)
        writer.emptyTaggedFields()
    }
}
