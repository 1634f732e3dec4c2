package import SomaStreams

/// Some processors that run in this process, each on its own thread and in its own group.
package final class ProcessorsPart: Sendable {
    private let runtimes: [ProcessorRuntime]

    /// Starts them; they become ready in their own time.
    ///
    /// With an instance id they are static members, so that a restart after a kill need not wait until the group has
    /// given the old members up; nil where several processes run the same processor.
    package init(_ definitions: [ProcessorDefinition], brokers: String, instanceID: String?) {
        runtimes = definitions.map { definition in
            ProcessorRuntime(definition, brokers: brokers, settings: RuntimeSettings(instanceID: instanceID))
        }
        for runtime in runtimes { runtime.start() }
    }

    /// Name, readiness and state of each.
    package var states: [Readiness] {
        runtimes.map { runtime in
            let status = runtime.status
            let failure = status.lastError.map { status.state == .running ? "" : ": \($0)" } ?? ""
            return Readiness(
                name: runtime.definition.name,
                isReady: runtime.isReady,
                detail: status.state.rawValue + failure
            )
        }
    }

    /// Stops all together: each finishes its record, writes, commits and leaves its group.
    package func stop() {
        for runtime in runtimes { runtime.requestStop() }
        for runtime in runtimes { runtime.stop() }
    }
}
