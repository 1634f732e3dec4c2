import Events
import SomaStreams

/// Turns what the model worker says into events of the conversation.
final class TurnAssemblerProcessor: Processor {
    func process(_ record: RecordView, _ context: ProcessorContext) throws {
        switch record.type {
        case SLMChunk.type:
            let chunk = try record.decode(SLMChunk.self)
            context.forward(
                AssistantDelta(
                    requestID: chunk.requestID,
                    sessionID: chunk.sessionID,
                    index: chunk.index,
                    content: chunk.delta
                )
            )
        case SLMFinal.type: finish(try record.decode(SLMFinal.self), record, context)
        case SLMError.type: fail(try record.decode(SLMError.self), record, context)
        default: break
        }
    }

    private func finish(_ answer: SLMFinal, _ record: RecordView, _ context: ProcessorContext) {
        context.forward(
            AssistantFinal(
                requestID: answer.requestID,
                sessionID: answer.sessionID,
                content: answer.content,
                model: answer.model,
                finishReason: answer.finishReason,
                usage: answer.usage
            )
        )
        AuditNote(
            action: "turn.end",
            resource: "model/\(answer.model)",
            outcome: "completed",
            requestID: answer.requestID,
            sessionID: answer.sessionID,
            details: [
                "provider": answer.provider, "finish_reason": answer.finishReason, "chunks": String(answer.chunks),
                "total_tokens": String(answer.usage.totalTokens), "latency_ms": String(answer.latencyMs),
            ]
        ).forward(record, context)
    }

    private func fail(_ error: SLMError, _ record: RecordView, _ context: ProcessorContext) {
        context.forward(
            AssistantError(
                requestID: error.requestID,
                sessionID: error.sessionID,
                code: error.code,
                message: error.message
            )
        )
        AuditNote(
            action: "turn.end",
            resource: "model/\(error.model)",
            outcome: "failed",
            requestID: error.requestID,
            sessionID: error.sessionID,
            details: [
                "provider": error.provider, "code": error.code, "retriable": String(error.retriable),
                "chunks": String(error.chunks), "total_tokens": String(error.usage?.totalTokens ?? 0),
            ]
        ).forward(record, context)
    }
}
