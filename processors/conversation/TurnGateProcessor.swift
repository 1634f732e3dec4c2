import Events
import SomaStreams

/// Reads messages, admits or refuses them, and writes down why.
final class TurnGateProcessor: Processor {
    private let gate: TurnGate

    init(_ gate: TurnGate) {
        self.gate = gate
    }

    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        guard record.type == UserMessage.type else { return }
        let incoming = try read(record)
        let decision = gate.decide(incoming)
        switch decision {
        case .admitted(let turn): context.forward(turn)
        case .denied(let denial, _): context.forward(denial)
        }
        let (action, outcome, details) = gate.details(of: decision)
        AuditNote(
            action: action,
            resource: "session/\(incoming.sessionID)",
            outcome: outcome,
            requestID: incoming.requestID,
            sessionID: incoming.sessionID,
            details: details
        ).forward(record, context)
    }

    private func read(_ record: RecordView) throws -> IncomingMessage {
        guard let value = record.value else {
            throw ProcessingError.undecodable("message.user: the record has no value")
        }
        do {
            return try IncomingMessage(
                value: value,
                key: record.key,
                envelope: record.envelope,
                isDeclaredJSON: Self.isDeclaredJSON(record)
            )
        } catch let refused as IncomingMessage.Refused {
            throw ProcessingError.undecodable("\(refused)")
        }
    }

    private static func isDeclaredJSON(_ record: RecordView) -> Bool {
        record.headers.contains { header in
            guard header.name == "content-type", let value = header.value else { return false }
            return String(decoding: value, as: UTF8.self).lowercased().hasPrefix("application/json")
        }
    }
}
