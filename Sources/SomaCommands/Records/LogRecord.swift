import Events
import RdKafka
import JSON

/// A record as the command line reads and writes it: owned, whole.
struct LogRecord: Sendable, Equatable {
    var topic: String
    /// -1 lets the key decide, for records that are yet to be written.
    var partition: Int32 = -1
    var offset: Int64 = 0
    /// Milliseconds since 1970-01-01T00:00:00Z; -1 when the record has none.
    var timestamp: Int64 = -1
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [RecordHeader] = []

    /// The text of the last header of a name.
    func header(_ name: String) -> String? {
        headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    /// What the record says of itself as an event.
    func envelope(defaultType: String) -> Envelope {
        Envelope(topic: topic, partition: partition, offset: offset, timestamp: timestamp, defaultType: defaultType) {
            body in
            for header in headers {
                guard let value = header.value else { continue }
                value.withUnsafeBytes { body(header.name, $0) }
            }
        }
    }

    /// The record as one JSON object; bytes that are no UTF-8 come in base 64 under another name.
    var json: JSON {
        var members: [JSON.Member] = [JSON.Member("topic", .string(topic))]
        Self.add("key", key, to: &members)
        Self.add("value", value, to: &members)
        if !headers.isEmpty {
            members.append(
                JSON.Member(
                    "headers",
                    .array(
                        headers.map { header in
                            var pair = [JSON.Member("key", .string(header.name))]
                            Self.add("value", header.value, to: &pair)
                            return .object(pair)
                        }
                    )
                )
            )
        }
        members.append(JSON.Member("timestamp", .integer(timestamp)))
        members.append(JSON.Member("partition", .integer(Int64(partition))))
        members.append(JSON.Member("offset", .integer(offset)))
        return .object(members)
    }

    private static func add(_ name: String, _ bytes: [UInt8]?, to members: inout [JSON.Member]) {
        guard let bytes else { return }
        if let text = String(validating: bytes, as: UTF8.self) {
            members.append(JSON.Member(name, .string(text)))
        } else {
            members.append(JSON.Member(name + "_base64", .string(Base64.encode(bytes))))
        }
    }
}
