/// The tables that rows go to, and how a staged batch gets into them.
enum Table: String, CaseIterable, Sendable {
    case conversationEvents = "conversation_events"
    case auditEvents = "audit_events"
    case billingUsage = "billing_usage"
    case billingCharges = "billing_charges"
    case billingLedger = "billing_ledger"
    case trainingEvents = "training_events"

    var columns: [String] {
        let own: [String] =
            switch self {
            case .conversationEvents:
                [
                    "id", "tenant", "session_id", "request_id", "type", "content", "model", "time", "correlation_id",
                    "causation_id", "data",
                ]
            case .auditEvents:
                [
                    "id", "tenant", "actor", "action", "resource", "outcome", "request_id", "session_id",
                    "recorded_at", "data",
                ]
            case .billingUsage:
                [
                    "id", "tenant", "request_id", "session_id", "service", "model", "provider", "prompt_tokens",
                    "completion_tokens", "total_tokens", "source", "status", "recorded_at", "data",
                ]
            case .billingCharges:
                [
                    "id", "usage_id", "tenant", "request_id", "session_id", "service", "model", "currency", "amount",
                    "price_book", "rated_at", "data",
                ]
            case .billingLedger:
                [
                    "id", "tenant", "service", "model", "currency", "total_tokens", "total_amount", "usage_count",
                    "charge_count", "last_event_id", "updated_at",
                ]
            case .trainingEvents: ["id", "tenant", "action", "user_name", "recorded_at", "data"]
            }
        return own + ["topic", "partition", "record_offset"]
    }

    private var list: String { columns.joined(separator: ", ") }
    private var stage: String { "stage_" + rawValue }

    /// Makes the staging table of a session; it is emptied by every commit.
    var stageSQL: String {
        "CREATE TEMP TABLE IF NOT EXISTS \(stage) (LIKE \(rawValue)) ON COMMIT DELETE ROWS"
    }

    /// The table itself, for COPY.
    var target: String { "\(rawValue) (\(list))" }
    /// Its staging table.
    var stageTarget: String { "\(stage) (\(list))" }

    /// Moves the staged rows: known ids stay as they are, except balances, where the newest record counts.
    var mergeSQL: String {
        guard self == .billingLedger else {
            return "INSERT INTO \(rawValue) (\(list)) SELECT \(list) FROM \(stage) ON CONFLICT (id) DO NOTHING"
        }
        let updates = columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        // One statement may touch a row once, so that of several records of a key only the last is taken. The time of a
        // balance never goes back within its log, and goes on in a log that is made anew, where offsets start again.
        return """
            INSERT INTO \(rawValue) (\(list))
            SELECT DISTINCT ON (id) \(list) FROM \(stage) ORDER BY id, record_offset DESC
            ON CONFLICT (id) DO UPDATE SET \(updates)
            WHERE excluded.updated_at > billing_ledger.updated_at
               OR (excluded.updated_at = billing_ledger.updated_at
                   AND (excluded.partition <> billing_ledger.partition
                        OR excluded.record_offset > billing_ledger.record_offset))
            """
    }
}
