import Events
import JSON
import Schemas

/// Judges one event and makes its record: pure, so that a batch can be judged whole before any of it is written.
struct EventAdmission: Sendable {
    let contracts: ContractTable
    let principal: Principal
    let requestID: String
    /// Milliseconds since 1970, for events that tell no time.
    let now: Int64
    let recordBytesMax: Int

    enum Verdict {
        case record(OutgoingRecord)
        case refused([Violation])
        /// The key may not send this type.
        case forbidden(String)
        case tooLarge(Int)
    }

    /// Judges an event by its envelope, its contract and its sender.
    ///
    /// The bytes are the data as it came, when it came by itself; else it is written anew from what was parsed.
    func judge(_ event: CloudEvent, data: JSONView?, bytes: [UInt8]?, dataPointer: String) -> Verdict {
        var found = event.violations()
        let type = event.text("type") ?? ""
        guard let contract = contracts[type] else {
            if !type.isEmpty {
                let hint = contracts.nearest(to: type).map { "; did you mean \($0)?" } ?? ""
                found.append(Violation(pointer: "/type", reason: "is not a known event type\(hint)"))
            }
            return .refused(found)
        }
        if let allowed = principal.eventTypes, !allowed.contains(type) { return .forbidden(type) }
        if let schema = event.text("dataschema"), ![contract.id, Self.urn(contract.id)].contains(schema) {
            found.append(Violation(pointer: "/dataschema", reason: "must be \(contract.id)"))
        }
        found += tenantViolations(event, data, dataPointer)
        guard let data else {
            found.append(Violation(pointer: dataPointer, reason: "is missing"))
            return .refused(found)
        }
        for violation in contract.violations(in: data) {
            found.append(Violation(pointer: dataPointer + violation.pointer, reason: violation.reason))
        }
        let key = contract.key(of: data, tenant: principal.tenant) ?? event.text("partitionkey")
        if key == nil {
            found.append(
                Violation(pointer: "/partitionkey", reason: "is missing, and the data does not tell the ordering key")
            )
        }
        guard found.isEmpty, let key else { return .refused(found) }
        let record = OutgoingRecord(
            topic: contract.topic,
            key: Array(key.utf8),
            value: bytes ?? data.tree.bytes,
            headers: headers(event, contract, data),
            timestamp: now
        )
        return record.byteCount <= recordBytesMax ? .record(record) : .tooLarge(record.byteCount)
    }

    /// The tenant is the key's; a body that names another is refused rather than quietly corrected.
    private func tenantViolations(_ event: CloudEvent, _ data: JSONView?, _ dataPointer: String) -> [Violation] {
        var found: [Violation] = []
        let reason = "must be the tenant of the API key"
        if event.has("tenant"), event.text("tenant") != principal.tenant {
            found.append(Violation(pointer: "/tenant", reason: reason))
        }
        if let told = data?["tenant"]?.string, told != principal.tenant {
            found.append(Violation(pointer: dataPointer + "/tenant", reason: reason))
        }
        return found
    }

    private func headers(_ event: CloudEvent, _ contract: Contract, _ data: JSONView) -> [RecordHeader] {
        let id = event.text("id") ?? ""
        let envelope = Envelope(
            id: id,
            source: event.text("source") ?? "",
            type: contract.type,
            time: event.text("time").flatMap { EventTime.milliseconds($0) } ?? now,
            subject: event.text("subject") ?? principal.subject,
            dataSchema: contract.id,
            tenant: principal.tenant,
            correlationID: event.text("correlationid") ?? data["request_id"]?.string ?? id,
            causationID: event.text("causationid"),
            traceparent: event.text("traceparent")
        )
        var headers = envelope.headers
        let written: Set<String> = ["tenant", "correlationid", "causationid", "traceparent"]
        for (name, value) in event.attributes where !CloudEvent.isKnown(name) && !written.contains(name) {
            headers.append(RecordHeader("ce_\(name)", text: value.string ?? value.text))
        }
        return headers
    }

    /// `<type>/v<N>` as the contract's own `$id`.
    private static func urn(_ id: String) -> String { "urn:soma:" + id.replacing("/", with: ":") }
}
