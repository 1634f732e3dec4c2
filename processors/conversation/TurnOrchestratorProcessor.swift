import Events
import SomaStreams
import StateStore

/// Keeps the history of sessions and makes the model request of each turn.
final class TurnOrchestratorProcessor: Processor {
    static let store = "sessions"

    private let planner: TurnPlanner

    init(_ planner: TurnPlanner) {
        self.planner = planner
    }

    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        switch record.type {
        case TurnAdmitted.type: try plan(try record.decode(TurnAdmitted.self), record, context)
        case AssistantFinal.type: try remember(try record.decode(AssistantFinal.self), record, context)
        default: break
        }
    }

    private func plan(_ turn: TurnAdmitted, _ record: RecordView, _ context: ProcessorContext) throws {
        let key = Self.key(record.envelope.tenant, turn.sessionID)
        var history = try Self.history(key, context)
        let request = planner.request(for: turn, history: history, time: record.envelope.time)
        history.append(role: "user", content: turn.content, requestID: turn.requestID)
        context.store(Self.store).put(key, history.bytes)
        context.forward(request)
        AuditNote(
            action: "turn.route",
            resource: "model/\(request.model)",
            outcome: "routed",
            requestID: turn.requestID,
            sessionID: turn.sessionID,
            details: [
                "messages": String(request.messages.count),
                "context": turn.messages?.isEmpty == false ? "client" : "session",
                "deadline": EventTime.text(milliseconds: request.deadlineMs),
            ]
        ).forward(record, context)
    }

    private func remember(_ answer: AssistantFinal, _ record: RecordView, _ context: ProcessorContext) throws {
        let key = Self.key(record.envelope.tenant, answer.sessionID)
        var history = try Self.history(key, context)
        history.append(role: "assistant", content: answer.content, requestID: answer.requestID)
        context.store(Self.store).put(key, history.bytes)
    }

    // Session names are the clients' own: two tenants may use the same.
    private static func key(_ tenant: String, _ sessionID: String) -> String { tenant + "\u{1F}" + sessionID }

    private static func history(_ key: String, _ context: ProcessorContext) throws -> SessionHistory {
        guard let bytes = context.store(store).get(key) else { return SessionHistory() }
        return try SessionHistory(bytes: bytes)
    }
}
