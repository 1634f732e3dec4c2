import Events
import SomaStreams

/// What a processor did about a record, for `agent.audit`.
struct AuditNote {
    var action: String
    var resource: String
    var outcome: String
    var requestID: String
    var sessionID: String
    var details: [String: String]

    /// Writes the entry.
    ///
    /// Id and time follow from the record, so that a second delivery writes the same entry.
    func forward(_ record: RecordView, _ context: ProcessorContext) {
        let envelope = record.envelope
        context.forward(
            AuditRecorded(
                auditID: EventID.derived(from: envelope.id, processor: context.processor + "/audit", index: 0),
                tenant: envelope.tenant,
                actor: context.processor,
                action: action,
                resource: resource,
                outcome: outcome,
                requestID: requestID,
                sessionID: sessionID,
                details: details,
                recordedAt: EventTime.text(milliseconds: envelope.time)
            )
        )
    }
}
