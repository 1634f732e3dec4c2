package import Events

/// A record that the gateway wants written.
package struct OutgoingRecord: Sendable {
    package var topic: String
    package var key: [UInt8]
    package var value: [UInt8]
    package var headers: [RecordHeader]
    package var timestamp: Int64

    /// What counts against the greatest record.
    var byteCount: Int {
        headers.reduce(key.count + value.count) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
    }
}

/// Where a record is, durable.
package struct Placement: Sendable, Equatable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64

    package init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// Why records were not written, by what the client can do.
package enum AppendError: Error, Sendable, Equatable {
    /// Too much is on its way: try again in a moment.
    case overloaded
    /// The log cannot be reached or did not acknowledge in time. The record may have been written.
    case unavailable(String)
    /// The log refuses the record, now and later.
    case refused(String)
}

/// The log as the gateway sees it: takes records, tells when they are durable.
package protocol EventLog: Sendable {
    /// Queues records and returns at once; the completion is called once, from any thread, when all are durable or when
    /// it is known that one will not be.
    func append(
        _ records: [OutgoingRecord],
        completion: @escaping @Sendable (Result<[Placement], AppendError>) -> Void
    )
}
