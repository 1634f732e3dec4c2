import Events
import Postgres

/// Writes rows in the order of `Table.columns`.
enum RowWriter {
    // RFC 3339 has four digits for the year, and timestamptz more than enough.
    private static let timeMax: Int64 = 253_402_300_799_999

    /// Writes a row of a table with so many columns.
    static func write(_ row: StoredRow, columns: Int, to copy: inout CopyWriter) throws(PostgresError) {
        try copy.row(columns: columns)
        try text(row.id, to: &copy)
        switch row.content {
        case .conversation(let event):
            try text(event.tenant, to: &copy)
            try text(event.sessionID, to: &copy)
            try text(event.requestID, to: &copy)
            try text(event.type, to: &copy)
            try copy.text(event.content)
            try optional(event.model, to: &copy)
            try time(row.time, to: &copy)
            try text(event.correlationID, to: &copy)
            try optional(event.causationID, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .audit(let audit):
            try text(audit.tenant, to: &copy)
            try text(audit.actor, to: &copy)
            try text(audit.action, to: &copy)
            try text(audit.resource, to: &copy)
            try text(audit.outcome, to: &copy)
            try text(audit.requestID, to: &copy)
            try text(audit.sessionID, to: &copy)
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .usage(let usage):
            try text(usage.tenant, to: &copy)
            try text(usage.requestID, to: &copy)
            try text(usage.sessionID, to: &copy)
            try text(usage.service, to: &copy)
            try text(usage.model, to: &copy)
            try text(usage.provider, to: &copy)
            copy.int8(usage.promptTokens)
            copy.int8(usage.completionTokens)
            copy.int8(usage.totalTokens)
            try text(usage.source, to: &copy)
            try text(usage.status, to: &copy)
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .charge(let charge):
            try text(charge.usageID, to: &copy)
            try text(charge.tenant, to: &copy)
            try text(charge.requestID, to: &copy)
            try text(charge.sessionID, to: &copy)
            try text(charge.service, to: &copy)
            try text(charge.model, to: &copy)
            try text(charge.currency, to: &copy)
            try copy.numeric(charge.amount)
            try text(charge.priceBook, to: &copy)
            try time(row.time, to: &copy)
            try copy.jsonb(utf8: row.data)
        case .balance(let balance):
            try text(balance.tenant, to: &copy)
            try text(balance.service, to: &copy)
            try text(balance.model, to: &copy)
            try text(balance.currency, to: &copy)
            copy.int8(balance.totalTokens)
            try copy.numeric(balance.totalAmount)
            copy.int8(balance.usageCount)
            copy.int8(balance.chargeCount)
            try text(balance.lastEventID, to: &copy)
            try time(row.time, to: &copy)
        case .training(let training):
            try text(training.tenant, to: &copy)
            try text(training.action, to: &copy)
            try text(training.user, to: &copy)
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
