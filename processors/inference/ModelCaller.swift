import Clocks
import Events
import Telemetry

/// Makes one model call of a request: finds the provider, tries again while nothing was said, counts what was used.
struct ModelCaller: Sendable {
    let table: ModelTable
    let providers: [String: any ModelProvider]
    let settings: InferenceSettings
    let clock: Clock

    enum Outcome: Sendable {
        case answered(SLMFinal)
        case failed(SLMError)
    }

    /// The end of the call, after the pieces were emitted; throws when nobody wants it any more.
    func run(
        _ request: SLMRequest,
        tenant: String,
        emit: (SLMChunk) throws -> Void
    ) async throws -> Outcome {
        let start = clock.monotonicMilliseconds
        var answer = Answer()
        let provider = table[request.model].flatMap { providers[$0.provider] }
        guard let entry = table[request.model], let provider else {
            return failure(
                request,
                provider: "none",
                answer,
                ModelError("model_not_found", "there is no model \(request.model)", isRetriable: false)
            )
        }
        var attempt = 1
        while true {
            let left = request.deadlineMs - clock.wallMilliseconds
            guard left > 0 else {
                let late = ModelError("deadline_exceeded", "the deadline passed before an answer", isRetriable: false)
                return failure(request, provider: provider.name, answer, late)
            }
            let call = ModelCall(
                request: request,
                providerModel: entry.providerModel,
                tenant: tenant,
                millisecondsLeft: left
            )
            do throws(ModelError) {
                let end = try await provider.answer(call) { (piece) throws(ModelError) in
                    try Self.take(piece, request, &answer, clock.monotonicMilliseconds - start, emit)
                }
                return success(request, provider.name, answer, end, clock.monotonicMilliseconds - start)
            } catch {
                if let lost = answer.lost { throw lost }
                if Task.isCancelled { throw CancellationError() }
                guard error.isRetriable, answer.chunks == 0, attempt < settings.attemptsMax,
                    let pause = pause(before: attempt, error), pause < left
                else { return failure(request, provider: provider.name, answer, error) }
                try await ModelThreads.shared.sleep(nanoseconds: pause * 1_000_000)
                attempt += 1
            }
        }
    }

    private struct Answer {
        var text = ""
        var chunks: Int64 = 0
        var firstChunkMs: Int64 = 0
        /// Why a piece could not be written: then the call is pointless.
        var lost: (any Error)?
    }

    private static func take(
        _ piece: String,
        _ request: SLMRequest,
        _ answer: inout Answer,
        _ elapsed: Int64,
        _ emit: (SLMChunk) throws -> Void
    ) throws(ModelError) {
        if answer.chunks == 0 { answer.firstChunkMs = elapsed }
        do {
            try emit(
                SLMChunk(
                    requestID: request.requestID,
                    sessionID: request.sessionID,
                    index: answer.chunks,
                    delta: piece
                )
            )
        } catch {
            answer.lost = error
            throw ModelError("cancelled", "\(error)", isRetriable: false)
        }
        answer.chunks += 1
        answer.text += piece
    }

    // A provider that asks for a longer wait than a turn can bear is taken at its word: the turn ends.
    private func pause(before attempt: Int, _ error: ModelError) -> Int64? {
        let backoff = min(
            settings.backoffMilliseconds << Int64(min(attempt - 1, 16)),
            settings.backoffMillisecondsMax
        )
        guard let asked = error.retryAfterMilliseconds else { return backoff }
        return asked <= settings.backoffMillisecondsMax ? max(asked, backoff) : nil
    }

    private func success(
        _ request: SLMRequest,
        _ provider: String,
        _ answer: Answer,
        _ end: ModelEnd,
        _ elapsed: Int64
    ) -> Outcome {
        .answered(
            SLMFinal(
                requestID: request.requestID,
                sessionID: request.sessionID,
                model: request.model,
                provider: provider,
                content: answer.text,
                finishReason: end.finishReason,
                chunks: answer.chunks,
                usage: end.usage ?? TokenCounter.usage(prompt: request.messages, answer: answer.text),
                latencyMs: elapsed,
                firstChunkMs: answer.chunks > 0 ? answer.firstChunkMs : elapsed
            )
        )
    }

    // Before the first piece nothing was used that anyone could bill; after it, what came was.
    private func failure(
        _ request: SLMRequest,
        provider: String,
        _ answer: Answer,
        _ error: ModelError
    ) -> Outcome {
        .failed(
            SLMError(
                requestID: request.requestID,
                sessionID: request.sessionID,
                model: request.model,
                provider: provider,
                code: error.code,
                message: error.message,
                retriable: error.isRetriable,
                chunks: answer.chunks,
                usage: answer.chunks > 0
                    ? TokenCounter.usage(prompt: request.messages, answer: answer.text) : nil
            )
        )
    }
}
