import Events
import SomaStreams

/// Writes the charge of each usage, and an audit entry for one without a price.
final class BillingRaterProcessor: Processor {
    private let rating: Rating

    init(_ rating: Rating) {
        self.rating = rating
    }

    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        guard record.type == UsageRecorded.type else { return }
        let usage = try record.decode(UsageRecorded.self)
        let time = EventTime.milliseconds(usage.recordedAt) ?? record.envelope.time
        let outcome = try rating.rate(usage, time: time)
        context.forward(outcome.charge, key: usage.tenant)
        guard !outcome.unpricedMeters.isEmpty else { return }
        context.forward(
            AuditRecorded(
                auditID: EventID.derived(from: record.envelope.id, processor: Rating.name + "/audit", index: 0),
                tenant: usage.tenant,
                actor: Rating.name,
                action: "usage.rate",
                resource: "model/\(usage.model)",
                outcome: "unpriced",
                requestID: usage.requestID,
                sessionID: usage.sessionID,
                details: [
                    "usage_id": usage.usageID, "meters": outcome.unpricedMeters.joined(separator: ","),
                    "price_book": outcome.charge.priceBook,
                ],
                recordedAt: EventTime.text(milliseconds: record.envelope.time)
            )
        )
    }
}
