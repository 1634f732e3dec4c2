public import Events
public import JSON
import RdKafka

/// A record as a processor sees it: borrowed bytes, an envelope that is read when asked for.
///
/// Valid only during the call that it is given to; copy what must live longer (`OwnedRecord(copying:)`).
public final class RecordView {
    /// Where the headers are.
    enum Headers {
        case consumer(ConsumerRecord)
        case array([RecordHeader])
    }

    /// The topic it was read from.
    public private(set) var topic = ""
    /// Its partition.
    public private(set) var partition: Int32 = 0
    /// Its offset.
    public private(set) var offset: Int64 = 0
    /// Its timestamp in milliseconds since 1970-01-01T00:00:00Z.
    public private(set) var timestamp: Int64 = 0
    /// The bytes of its key; nil when it has none.
    public private(set) var key: UnsafeRawBufferPointer?
    /// The bytes of its value; nil for a tombstone.
    public private(set) var value: UnsafeRawBufferPointer?
    private var source = Headers.array([])
    private var known: Envelope?
    private let defaultTypes: [String: String]

    init(defaultTypes: [String: String]) {
        self.defaultTypes = defaultTypes
    }

    /// Shows a consumed record; it must stay until the next call.
    func show(_ record: ConsumerRecord, topic: String) {
        self.topic = topic
        partition = record.partition
        offset = record.offset
        timestamp = record.timestamp
        key = record.key
        value = record.value
        source = .consumer(record)
        known = nil
    }

    /// Shows a copied record while the closure runs.
    package func show<Result>(_ record: OwnedRecord, _ body: () throws -> Result) rethrows -> Result {
        topic = record.topic
        partition = record.partition
        offset = record.offset
        timestamp = record.timestamp
        source = .array(record.headers)
        known = record.envelope
        defer { clear() }
        return try Self.withBytes(record.key) { key in
            try Self.withBytes(record.value) { value in
                self.key = key
                self.value = value
                return try body()
            }
        }
    }

    /// Forgets the bytes, so that a view that was kept shows none.
    package func clear() {
        key = nil
        value = nil
        source = .array([])
        known = nil
    }

    private static func withBytes<Result>(
        _ bytes: [UInt8]?,
        _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        guard let bytes else { return try body(nil) }
        return try bytes.withUnsafeBytes { try body($0) }
    }

    /// The key as text; empty when there is none.
    public var keyText: String { key.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Who made the event, when, for whom and why; read from the headers at the first call.
    ///
    /// A record without event headers has the id `<topic>/<partition>/<offset>`, the tenant `default` and itself as
    /// correlation; its type is the `type` member of its value, or the topic's default.
    public var envelope: Envelope {
        if let known { return known }
        var envelope = Envelope(
            topic: topic,
            partition: partition,
            offset: offset,
            timestamp: timestamp,
            defaultType: ""
        ) { take in
            switch source {
            case .consumer(let record): record.forEachHeader { if let value = $1 { take($0, value) } }
            case .array(let headers):
                for header in headers { header.value?.withUnsafeBytes { take(header.name, $0) } }
            }
        }
        if envelope.type.isEmpty { envelope.type = guessedType }
        known = envelope
        return envelope
    }

    /// The event type.
    public var type: String { envelope.type }

    private var guessedType: String {
        if let value, let told = try? JSONView.parse(value, { $0["type"]?.string }), !told.isEmpty { return told }
        return defaultTypes[topic] ?? ""
    }

    /// Copies of all headers.
    public var headers: [RecordHeader] {
        switch source {
        case .consumer(let record): record.headers.map { RecordHeader($0.name, $0.value) }
        case .array(let headers): headers
        }
    }

    /// Reads the value as an event's data.
    ///
    /// - Parameter type: The Swift type of the contract.
    /// - Returns: The data.
    /// - Throws: `EventError` naming what breaks the contract; the runtime dead-letters the record then.
    public func decode<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        guard let value else { throw ProcessingError.undecodable("\(Payload.type) has no value") }
        return try Payload(bytes: value)
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
