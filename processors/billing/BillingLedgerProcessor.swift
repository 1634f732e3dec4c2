import Events
import SomaStreams
import StateStore

/// Keeps the running totals: every usage and every charge counts once.
///
/// Two things could count one twice. A crash makes the runtime read records again: the balance knows the offset that it
/// holds. A crash of a processor before makes it write the same usage again, at another offset: the mark of its id is
/// there. The balance is written before the mark, so that a mark is never there without its balance.
final class BillingLedgerProcessor: Processor {
    static let store = "ledger"
    /// Marks dropped per record, so that the end of a day with many events stops nobody.
    private static let droppedMax = 256

    private let books: PriceBooks

    init(_ books: PriceBooks) {
        self.books = books
    }

    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        switch record.type {
        case UsageRecorded.type:
            let usage = try record.decode(UsageRecorded.self)
            let time = EventTime.milliseconds(usage.recordedAt) ?? record.envelope.time
            let currency = books.currency(at: time)
            let key = [usage.tenant, usage.service, usage.model, currency].joined(separator: "/")
            let id = record.envelope.id
            try count(key, tenant: usage.tenant, mark: ("usage", usage.usageID, time), record, context) {
                try Ledger.adding(usage, currency: currency, to: $0, eventID: id)
            }
        case ChargeRated.type:
            let charge = try record.decode(ChargeRated.self)
            let time = EventTime.milliseconds(charge.ratedAt) ?? record.envelope.time
            let key = [charge.tenant, charge.service, charge.model, charge.currency].joined(separator: "/")
            let id = record.envelope.id
            try count(key, tenant: charge.tenant, mark: ("charge", charge.chargeID, time), record, context) {
                try Ledger.adding(charge, to: $0, eventID: id)
            }
        default: return
        }
        dropOldMarks(context)
    }

    private func count(
        _ key: String,
        tenant: String,
        mark: (kind: String, id: String, time: Int64),
        _ record: RecordView,
        _ context: ProcessorContext,
        _ add: (LedgerBalance?) throws -> LedgerBalance
    ) throws {
        // Under another key the record may be in another partition than the rest of its balance.
        guard record.keyText == tenant else {
            throw ProcessingError.permanent("wrong_key", "the record's key is not its tenant")
        }
        let store = context.store(Self.store)
        let balanceKey = "balance/" + key
        let seenKey = SeenKey.key(kind: mark.kind, id: mark.id, milliseconds: mark.time)
        let entry = try store.get(balanceKey).map { try LedgerEntry(bytes: $0) }
        let here = Array(String(record.offset).utf8)
        if let seen = store.get(seenKey), seen != here { return }
        if let entry, entry.appliedOffset >= record.offset {
            // Read again after a crash: what was counted may not have been written yet.
            store.put(seenKey, here)
            context.forward(entry.balance)
            return
        }
        // A replay of what is so old that its mark is gone was counted when it was live.
        if context.isReplay, seenKey < SeenKey.firstKept(milliseconds: context.streamTime) { return }
        let balance = try add(entry?.balance)
        store.put(balanceKey, LedgerEntry(balance: balance, appliedOffset: record.offset).bytes)
        store.put(seenKey, here)
        context.forward(balance)
    }

    private func dropOldMarks(_ context: ProcessorContext) {
        let store = context.store(Self.store)
        var old: [[UInt8]] = []
        let end = Array(SeenKey.firstKept(milliseconds: context.streamTime).utf8)
        store.range(from: Array(SeenKey.prefix.utf8), to: end) { key, _ in
            old.append(key)
            return old.count < Self.droppedMax
        }
        for key in old { store.delete(key) }
    }
}
