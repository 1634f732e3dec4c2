import Events
import JSON

/// Makes rows out of records; what cannot become one is refused before it reaches the database.
enum RowDecoder {
    /// A record that fits no table.
    struct Refused: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// Ids and names are indexed; the server's b-tree takes no entry over 2,700 bytes.
    private static let nameBytesMax = 512

    /// The row of a record; nil for what is not stored: pieces of answers, whose whole comes later, and tombstones.
    static func row(
        topic: String,
        partition: Int32,
        offset: Int64,
        key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?,
        envelope: Envelope
    ) throws -> StoredRow? {
        guard let value, envelope.type != AssistantDelta.type else { return nil }
        let place = StoredRow.Place(topic: topic, partition: partition, offset: offset)
        let row: StoredRow
        switch (topic, envelope.type) {
        case (AuditRecorded.topic, AuditRecorded.type):
            let audit = try AuditRecorded(bytes: value)
            row = make(audit.auditID, .audit(audit), audit.recordedAt, value, envelope, place)
        case (UsageRecorded.topic, UsageRecorded.type):
            let usage = try UsageRecorded(bytes: value)
            row = make(usage.usageID, .usage(usage), usage.recordedAt, value, envelope, place)
        case (ChargeRated.topic, ChargeRated.type):
            let charge = try ChargeRated(bytes: value)
            guard Money(decimal: charge.amount) != nil else {
                throw Refused(description: "charge.rated /amount: no exact decimal")
            }
            row = make(charge.chargeID, .charge(charge), charge.ratedAt, value, envelope, place)
        case (LedgerBalance.topic, LedgerBalance.type):
            let balance = try LedgerBalance(bytes: value)
            guard Money(decimal: balance.totalAmount) != nil else {
                throw Refused(description: "ledger.balance /total_amount: no exact decimal")
            }
            let id = balance.key(tenant: balance.tenant)
            row = make(id, .balance(balance), balance.updatedAt, value, envelope, place)
        case (TrainingRecorded.topic, TrainingRecorded.type):
            let training = try TrainingRecorded(bytes: value)
            row = make(envelope.id, .training(training), training.recordedAt, value, envelope, place)
        case (AssistantFinal.topic, _):
            row = try conversation(key, value, envelope, place)
        default:
            throw Refused(description: "no table for type \(envelope.type.prefix(80)) of topic \(topic)")
        }
        try check(row, envelope)
        return row
    }

    private static func make(
        _ id: String,
        _ content: StoredRow.Content,
        _ time: String,
        _ value: UnsafeRawBufferPointer,
        _ envelope: Envelope,
        _ place: StoredRow.Place
    ) -> StoredRow {
        StoredRow(
            id: JSONBText.sanitized(id),
            content: content,
            time: EventTime.milliseconds(time) ?? envelope.time,
            data: JSONBText.sanitized(value),
            place: place
        )
    }

    private static func conversation(
        _ key: UnsafeRawBufferPointer?,
        _ value: UnsafeRawBufferPointer,
        _ envelope: Envelope,
        _ place: StoredRow.Place
    ) throws -> StoredRow {
        let keyText = key.flatMap { $0.isEmpty ? nil : String(validating: $0, as: UTF8.self) }
        var row = StoredRow.Conversation(
            tenant: envelope.tenant,
            sessionID: keyText ?? envelope.id,
            requestID: envelope.correlationID,
            type: envelope.type,
            correlationID: envelope.correlationID,
            causationID: envelope.causationID
        )
        var data: [UInt8]
        do {
            data = try JSONView.parse(value) { json in
                guard json.kind == .object else { throw JSONError("not an object") }
                if let session = json["session_id"]?.string, !session.isEmpty { row.sessionID = session }
                if let request = json["request_id"]?.string, !request.isEmpty { row.requestID = request }
                row.content = (json["content"] ?? json["message"] ?? json["reason"])?.string
                row.model = json["model"]?.string
                return JSONBText.sanitized(value)
            }
        } catch {
            // A line of text is a message too, as the turn gate reads it.
            guard envelope.type == UserMessage.type, value.first != UInt8(ascii: "{"),
                let text = String(validating: value, as: UTF8.self)
            else { throw error }
            row.content = text
            data = UserMessage(content: JSONBText.sanitized(text)).bytes
        }
        row.content = row.content.map(JSONBText.sanitized)
        return StoredRow(
            id: JSONBText.sanitized(envelope.id),
            content: .conversation(row),
            time: envelope.time,
            data: data,
            place: place
        )
    }

    private static func check(_ row: StoredRow, _ envelope: Envelope) throws(Refused) {
        // Spelled out: a list per row would cost more than the rest of the check.
        func fits(_ name: String) -> Bool { name.utf8.count <= nameBytesMax }
        let isFit =
            switch row.content {
            case .conversation(let event):
                fits(event.tenant) && fits(event.sessionID) && fits(event.requestID) && fits(event.type)
            case .audit(let audit): fits(audit.tenant) && fits(audit.requestID) && fits(audit.sessionID)
            case .usage(let usage): fits(usage.tenant) && fits(usage.requestID) && fits(usage.sessionID)
            case .charge(let charge):
                fits(charge.tenant) && fits(charge.requestID) && fits(charge.sessionID) && fits(charge.usageID)
            case .balance(let balance): fits(balance.tenant) && fits(balance.model)
            case .training(let training): fits(training.tenant)
            }
        guard isFit, fits(row.id) else {
            throw Refused(description: "an id, tenant or name exceeds \(nameBytesMax) bytes")
        }
    }
}
