public import Events
public import JSON

/// A copy of a record that may be kept and sent to other threads.
public struct OwnedRecord: Sendable {
    /// The topic it was read from.
    public let topic: String
    /// Its partition.
    public let partition: Int32
    /// Its offset.
    public let offset: Int64
    /// Its timestamp in milliseconds since 1970-01-01T00:00:00Z.
    public let timestamp: Int64
    /// The bytes of its key; nil when it has none.
    public let key: [UInt8]?
    /// The bytes of its value; nil for a tombstone.
    public let value: [UInt8]?
    /// All headers, in order.
    public let headers: [RecordHeader]
    /// Who made the event, when, for whom and why.
    public let envelope: Envelope

    /// Copies a record.
    ///
    /// - Parameter record: The record of the call that is running.
    public init(copying record: RecordView) {
        topic = record.topic
        partition = record.partition
        offset = record.offset
        timestamp = record.timestamp
        key = record.key.map { Array($0) }
        value = record.value.map { Array($0) }
        headers = record.headers
        envelope = record.envelope
    }

    package init(
        topic: String,
        partition: Int32,
        offset: Int64,
        timestamp: Int64,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [RecordHeader],
        defaultTypes: [String: String]
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
        var envelope = Envelope(
            topic: topic,
            partition: partition,
            offset: offset,
            timestamp: timestamp,
            defaultType: ""
        ) { take in
            for header in headers { header.value?.withUnsafeBytes { take(header.name, $0) } }
        }
        if envelope.type.isEmpty {
            let told = value.flatMap { try? JSONView.parse($0) { $0["type"]?.string } }
            envelope.type = told ?? defaultTypes[topic] ?? ""
        }
        self.envelope = envelope
    }

    /// The event type.
    public var type: String { envelope.type }

    /// The key as text; empty when there is none.
    public var keyText: String { key.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Bytes that it holds, about.
    var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + 256 }

    /// Reads the value as an event's data.
    ///
    /// - Parameter type: The Swift type of the contract.
    /// - Returns: The data.
    /// - Throws: `EventError` naming what breaks the contract.
    public func decode<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        guard let value else { throw ProcessingError.undecodable("\(Payload.type) has no value") }
        return try value.withUnsafeBytes { try Payload(bytes: $0) }
    }

    /// Lends the parsed value.
    ///
    /// - Parameter body: The view must not leave it.
    /// - Returns: What the closure returns.
    /// - Throws: `JSONError` when the value is no JSON, or what the closure throws.
    public func withJSON<Result>(_ body: (JSONView) throws -> Result) throws -> Result {
        guard let value else { throw ProcessingError.undecodable("the record has no value") }
        return try JSONView.parse(value, body)
    }
}
