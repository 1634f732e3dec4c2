import Events

/// A record as the row that it becomes.
struct StoredRow: Sendable {
    /// Where the record lies in the log.
    struct Place: Sendable, Equatable {
        var topic: String
        var partition: Int32
        var offset: Int64
    }

    /// The columns that differ from table to table.
    enum Content: Sendable {
        case conversation(Conversation)
        case audit(AuditRecorded)
        case usage(UsageRecorded)
        case charge(ChargeRated)
        case balance(LedgerBalance)
        case training(TrainingRecorded)
    }

    struct Conversation: Sendable {
        var tenant: String
        var sessionID: String
        var requestID: String
        var type: String
        var content: String?
        var model: String?
        var correlationID: String
        var causationID: String?
    }

    var id: String
    var content: Content
    /// Milliseconds since 1970-01-01T00:00:00Z.
    var time: Int64
    /// JSON that the server's jsonb takes.
    var data: [UInt8]
    var place: Place

    var table: Table {
        switch content {
        case .conversation: .conversationEvents
        case .audit: .auditEvents
        case .usage: .billingUsage
        case .charge: .billingCharges
        case .balance: .billingLedger
        case .training: .trainingEvents
        }
    }
}
