import Events
import Postgres

/// Writes rows in the order of `Table.columns`.
enum RowWriter {
    // RFC 3339 has four digits for the year, and timestamptz more than enough.
    private static let timeMax: Int64 = 253_402_300_799_999

    static func write(_ row: StoredRow, to copy: inout CopyWriter) throws(PostgresError) {
        try copy.row(columns: row.table.columns.count)
        try text(row.id, to: &copy)
        switch row.content {
        case .conversation(let event):
            for value in [event.tenant, event.sessionID, event.requestID, event.type] { try text(value, to: &copy) }
            try copy.text(event.content)
            try optional(event.model, to: &copy)
            try time(row.time, to: &copy)
            try text(event.correlationID, to: &copy)
            try optional(event.causationID, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .audit(let audit):
            for value in [audit.tenant, audit.actor, audit.action, audit.resource, audit.outcome] {
                try text(value, to: &copy)
            }
            for value in [audit.requestID, audit.sessionID] { try text(value, to: &copy) }
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .usage(let usage):
            for value in [
                usage.tenant, usage.requestID, usage.sessionID, usage.service, usage.model, usage.provider,
            ] { try text(value, to: &copy) }
            copy.int8(usage.promptTokens)
            copy.int8(usage.completionTokens)
            copy.int8(usage.totalTokens)
            for value in [usage.source, usage.status] { try text(value, to: &copy) }
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .charge(let charge):
            for value in [
                charge.usageID, charge.tenant, charge.requestID, charge.sessionID, charge.service, charge.model,
                charge.currency,
            ] { try text(value, to: &copy) }
            try copy.numeric(charge.amount)
            try text(charge.priceBook, to: &copy)
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .balance(let balance):
            for value in [balance.tenant, balance.service, balance.model, balance.currency] {
                try text(value, to: &copy)
            }
            copy.int8(balance.totalTokens)
            try copy.numeric(balance.totalAmount)
            copy.int8(balance.usageCount)
            copy.int8(balance.chargeCount)
            try text(balance.lastEventID, to: &copy)
            try time(row.time, to: &copy)
        case .training(let training):
            for value in [training.tenant, training.action, training.user] { try text(value, to: &copy) }
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        }
        try copy.text(row.place.topic)
        copy.int4(row.place.partition)
        copy.int8(row.place.offset)
    }

    private static func text(_ value: String, to copy: inout CopyWriter) throws(PostgresError) {
        try copy.text(JSONBText.sanitized(value))
    }

    private static func optional(_ value: String?, to copy: inout CopyWriter) throws(PostgresError) {
        if let value { try text(value, to: &copy) } else { copy.null() }
    }

    private static func time(_ milliseconds: Int64, to copy: inout CopyWriter) throws(PostgresError) {
        try copy.timestamptz(microseconds: min(max(milliseconds, 0), timeMax) * 1000)
    }
}
