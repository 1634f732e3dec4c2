import Clocks
import Events
import SomaStreams
import Synchronization
import Telemetry

/// The processor that calls models, and the only one that does.
///
/// Each record gets a task of its own; the runtime bounds how many there are, keeps the order per session, and cancels what
/// it no longer wants through the call.
final class SLMWorker: AsyncProcessor {
    static let name = "slm-worker"

    private let caller: ModelCaller
    private let clock: Clock
    private let recent = Mutex(RecentRequests())
    private let logger = Logger(SLMWorker.name)
    private let metrics: MetricsRegistry

    init(_ caller: ModelCaller, clock: Clock, metrics: MetricsRegistry) {
        self.caller = caller
        self.clock = clock
        self.metrics = metrics
    }

    func start(_ record: OwnedRecord, _ call: AsyncCall) {
        // The answers of a replayed request are in the log: asking again would cost money and tell something else.
        guard record.type == SLMRequest.type, record.envelope.replay == nil else { return call.finish() }
        let request: SLMRequest
        do {
            request = try record.decode(SLMRequest.self)
        } catch {
            return call.fail(error)
        }
        guard !recent.withLock({ $0.contains(record.envelope.id) }) else { return call.finish() }
        // Owned by the call: it is cancelled with it, and ends it.
        let task = Task(executorPreference: ModelThreads.shared) { await self.run(request, record.envelope, call) }
        call.onCancel { task.cancel() }
    }

    private func run(_ request: SLMRequest, _ envelope: Envelope, _ call: AsyncCall) async {
        let start = clock.monotonicNanoseconds
        do {
            let outcome = try await caller.run(request, tenant: envelope.tenant) { _ = try call.emit($0) }
            switch outcome {
            case .answered(let answer):
                try call.emit(answer)
                count(answer.provider, "ok", start)
            case .failed(let error):
                try call.emit(error)
                count(error.provider, error.code, start)
                logger.info(
                    "call failed",
                    [
                        "request": .value(request.requestID), "model": .value(request.model),
                        "code": .value(error.code), "chunks": .value(error.chunks), "reason": .value(error.message),
                    ]
                )
            }
            recent.withLock { $0.insert(envelope.id) }
            call.finish()
        } catch let error as ProcessingError {
            call.fail(error)
        } catch {
            call.fail(ProcessingError.transient("cancelled", "the model call was cancelled"))
        }
    }

    private func count(_ provider: String, _ outcome: String, _ start: Int64) {
        metrics.counter(
            "soma_model_calls_total",
            "Model calls by provider and how they ended.",
            [("provider", provider), ("outcome", outcome)]
        ).add(1)
        metrics.histogram(
            "soma_model_call_duration_seconds",
            "From the start of a model call to its end.",
            [("provider", provider)]
        ).observe(nanoseconds: clock.monotonicNanoseconds - start)
    }
}
