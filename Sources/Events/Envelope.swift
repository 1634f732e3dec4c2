/// What is known of an event beside its data: CloudEvents 1.0 attributes and our extensions.
///
/// Written as record headers in the Kafka binary mode of CloudEvents. A record from a producer that sets no headers
/// still has an envelope: see `init(headers:topic:partition:offset:…)`.
public struct Envelope: Sendable, Equatable {
    /// Identifies the event; (source, id) is unique.
    public var id: String
    /// Who wrote it, as a URI reference such as `/gateway` or `/processors/turn-gate`.
    public var source: String
    /// The event type, such as `message.user`.
    public var type: String
    /// When it happened, in milliseconds since 1970-01-01T00:00:00Z.
    public var time: Int64
    /// Who or what it is about, when told.
    public var subject: String?
    /// The contract of the data: `<type>/v<N>`.
    public var dataSchema: String?
    /// Who it belongs to.
    public var tenant: String
    /// The request, session or job that it is part of.
    public var correlationID: String
    /// The id of the event that caused it; nil at the edge.
    public var causationID: String?
    /// W3C trace context.
    public var traceparent: String?
    /// `<run id>/<mode>` on replayed records, nil on live ones.
    public var replay: String?

    /// The tenant of records that name none.
    public static let defaultTenant = "default"

    /// Makes an envelope.
    public init(
        id: String,
        source: String,
        type: String,
        time: Int64,
        subject: String? = nil,
        dataSchema: String? = nil,
        tenant: String = Envelope.defaultTenant,
        correlationID: String? = nil,
        causationID: String? = nil,
        traceparent: String? = nil,
        replay: String? = nil
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.subject = subject
        self.dataSchema = dataSchema
        self.tenant = tenant
        self.correlationID = correlationID ?? id
        self.causationID = causationID
        self.traceparent = traceparent
        self.replay = replay
    }

    /// Reads the envelope of a record.
    ///
    /// What a record does not say is filled in: the id from its place in the log, so that it is the same at every
    /// reading; the tenant `default`; the correlation id from its own id; the time from the record's timestamp.
    ///
    /// `headers` calls its argument with each header's name and value; the last of a name wins. `defaultType` is the type
    /// when no header tells one; `timestamp` is in milliseconds since 1970-01-01T00:00:00Z.
    public init(
        topic: String,
        partition: Int32,
        offset: Int64,
        timestamp: Int64,
        defaultType: String,
        headers: ((String, UnsafeRawBufferPointer) -> Void) -> Void
    ) {
        var id: String?, source: String?, type: String?, time: Int64?, subject: String?, dataSchema: String?
        var tenant: String?, correlation: String?, causation: String?, traceparent: String?, replay: String?
        headers { name, value in
            func text() -> String { String(decoding: value, as: UTF8.self) }
            switch name {
            case "ce_id": id = text()
            case "ce_source": source = text()
            case "ce_type": type = text()
            case "ce_time": time = EventTime.milliseconds(text())
            case "ce_subject": subject = text()
            case "ce_dataschema": dataSchema = text()
            case "ce_tenant": tenant = text()
            case "ce_correlationid": correlation = text()
            case "ce_causationid": causation = text()
            case "traceparent": traceparent = text()
            case "soma-replay": replay = text()
            default: break
            }
        }
        self.init(
            id: id ?? "\(topic)/\(partition)/\(offset)",
            source: source ?? "/topics/\(topic)",
            type: type ?? defaultType,
            time: time ?? timestamp,
            subject: subject,
            dataSchema: dataSchema,
            tenant: tenant ?? Self.defaultTenant,
            correlationID: correlation,
            causationID: causation,
            traceparent: traceparent,
            replay: replay
        )
    }

    /// The headers of a record that carries this event in binary mode.
    public var headers: [RecordHeader] {
        var headers = [
            RecordHeader("content-type", text: "application/json"),
            RecordHeader("ce_specversion", text: "1.0"),
            RecordHeader("ce_id", text: id),
            RecordHeader("ce_source", text: source),
            RecordHeader("ce_type", text: type),
            RecordHeader("ce_time", text: EventTime.text(milliseconds: time)),
        ]
        func add(_ name: String, _ value: String?) {
            if let value { headers.append(RecordHeader(name, text: value)) }
        }
        add("ce_subject", subject)
        add("ce_dataschema", dataSchema)
        add("ce_tenant", tenant)
        add("ce_correlationid", correlationID)
        add("ce_causationid", causationID)
        add("traceparent", traceparent)
        add("soma-replay", replay)
        return headers
    }

    /// The envelope of an event that this one causes.
    ///
    /// - Parameters:
    ///   - type: The new event's type.
    ///   - dataSchema: The contract of its data.
    ///   - processor: Who makes it.
    ///   - index: Its place among the outputs of this event, from 0.
    ///   - time: When, in milliseconds since 1970-01-01T00:00:00Z.
    /// - Returns: An envelope with a derived id; tenant, correlation, trace and replay mark are carried on.
    public func caused(type: String, dataSchema: String?, processor: String, index: Int, time: Int64) -> Envelope {
        Envelope(
            id: EventID.derived(from: id, processor: processor, index: index),
            source: "/processors/\(processor)",
            type: type,
            time: time,
            subject: subject,
            dataSchema: dataSchema,
            tenant: tenant,
            correlationID: correlationID,
            causationID: id,
            traceparent: traceparent,
            replay: replay
        )
    }
}
