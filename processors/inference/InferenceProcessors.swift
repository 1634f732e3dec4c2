package import Clocks
import HTTPClient
package import SomaStreams
package import Telemetry

/// The processor of this folder, ready to run.
package enum InferenceProcessors {
    /// slm.requests → slm.responses.
    ///
    /// - Parameters:
    ///   - settings: Providers, models, bounds.
    ///   - memory: What the local model may quote beside the conversation.
    ///   - clock: For deadlines.
    ///   - metrics: Counts calls.
    /// - Returns: The definition; an HTTP client is made when it runs and a remote provider is set.
    package static func slmWorker(
        _ settings: InferenceSettings,
        memory: any MemoryReader = EmptyMemory(),
        clock: Clock = .system,
        metrics: MetricsRegistry = .standard
    ) -> ProcessorDefinition {
        ProcessorDefinition(
            name: SLMWorker.name,
            inputs: ["slm.requests"],
            outputs: ["slm.responses"],
            limits: AsyncLimits(inFlight: settings.concurrency)
        ) {
            let local = LocalProvider(memory: memory)
            var providers: [String: any ModelProvider] = [local.name: local]
            if let remote = settings.remote {
                let client = try Client(transfersMax: settings.concurrency * 2)
                providers[ModelTable.remoteProvider] = OpenAIProvider(
                    remote,
                    timeouts: settings.timeouts,
                    client: client
                )
            }
            let caller = ModelCaller(
                table: ModelTable(settings),
                providers: providers,
                settings: settings,
                clock: clock
            )
            return SLMWorker(caller, clock: clock, metrics: metrics)
        }
    }
}
