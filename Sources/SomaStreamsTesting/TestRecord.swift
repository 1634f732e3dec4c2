public import Events
import SomaStreams

/// A record that went in or came out of a test driver.
public struct TestRecord: Sendable, CustomStringConvertible {
    /// The topic.
    public let topic: String
    /// The bytes of the key; nil when it has none.
    public let key: [UInt8]?
    /// The bytes of the value; nil for a tombstone.
    public let value: [UInt8]?
    /// All headers, in order.
    public let headers: [RecordHeader]
    /// What the headers say.
    public let envelope: Envelope

    init(_ output: OutputRecord) {
        topic = output.topic
        key = output.key
        value = output.value
        headers = output.headers
        envelope = Envelope(
            topic: output.topic,
            partition: 0,
            offset: 0,
            timestamp: output.timestamp,
            defaultType: ""
        ) { take in
            for header in output.headers { header.value?.withUnsafeBytes { take(header.name, $0) } }
        }
    }

    /// The key as text; empty when there is none.
    public var keyText: String { key.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// The value as text; empty when there is none.
    public var valueText: String { value.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// The event type.
    public var type: String { envelope.type }

    /// Reads the value as an event's data.
    ///
    /// - Parameter type: The Swift type of the contract.
    /// - Returns: The data.
    /// - Throws: `EventError` naming what breaks the contract.
    public func decode<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        try (value ?? []).withUnsafeBytes { try Payload(bytes: $0) }
    }

    /// The text of a header; nil when there is none of that name.
    public func header(_ name: String) -> String? {
        headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Topic, type, key and value on one line.
    public var description: String { "\(topic) \(type) \(keyText): \(valueText)" }
}
