package import Events
import JSON
package import RdKafka

/// A copy of a record on its way into a sink.
package struct SinkRecord: Sendable {
    package let place: TopicPartition
    package let offset: Int64
    /// Milliseconds since 1970.
    package let timestamp: Int64
    package let key: [UInt8]?
    /// nil is a tombstone.
    package let value: [UInt8]?
    package let headers: [RecordHeader]
    package let envelope: Envelope

    init(_ record: ConsumerRecord, _ place: TopicPartition, defaultTypes: [String: String]) {
        self.init(
            place: place,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map { Array($0) },
            value: record.value.map { Array($0) },
            headers: record.headers.map { RecordHeader($0.name, $0.value) },
            defaultTypes: defaultTypes
        )
    }

    /// Makes a record by hand, for tests of sinks.
    ///
    /// `defaultTypes`: The event type of records that tell none, by topic.
    package init(
        place: TopicPartition,
        offset: Int64,
        timestamp: Int64,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [RecordHeader],
        defaultTypes: [String: String] = ["conversation.events": "message.user"]
    ) {
        self.place = place
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
        var envelope = Envelope(
            topic: place.topic,
            partition: place.partition,
            offset: offset,
            timestamp: timestamp,
            defaultType: ""
        ) { take in
            for header in headers { header.value?.withUnsafeBytes { take(header.name, $0) } }
        }
        if envelope.type.isEmpty {
            let told = value.flatMap { try? JSONView.parse($0) { $0["type"]?.string } }
            envelope.type = told ?? defaultTypes[place.topic] ?? ""
        }
        self.envelope = envelope
    }

    /// Bytes that it holds, about.
    var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + 256 }

    /// The key as text; empty when there is none.
    package var keyText: String { key.map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
