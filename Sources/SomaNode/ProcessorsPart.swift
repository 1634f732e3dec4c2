private import Glibc
package import SomaStreams

/// Some processors that run in this process, each on its own thread and in its own group.
package final class ProcessorsPart: Sendable {
    private let runtimes: [ProcessorRuntime]

    /// Starts them; they become ready in their own time.
    ///
    /// - Parameter instanceID: Makes them static members, so that a restart after a kill need not wait until the group
    ///   has given the old members up; nil where several processes run the same processor.
    package init(_ definitions: [ProcessorDefinition], brokers: String, instanceID: String?) {
        runtimes = definitions.map { definition in
            ProcessorRuntime(definition, brokers: brokers, settings: RuntimeSettings(instanceID: instanceID))
        }
        for runtime in runtimes { runtime.start() }
    }

    /// Name, readiness and state of each.
    package var states: [(name: String, isReady: Bool, detail: String)] {
        runtimes.map { runtime in
            let status = runtime.status
            let failure = status.lastError.map { status.state == .running ? "" : ": \($0)" } ?? ""
            return (runtime.definition.name, runtime.isReady, status.state.rawValue + failure)
        }
    }

    package var areReady: Bool { runtimes.allSatisfy(\.isReady) }

    /// Blocks until all are assigned and have their state back, or until nobody wants to wait any more.
    ///
    /// - Throws: `DevNode.NotReady` with the state of those that are not, when the time is over.
    package func waitUntilReady(_ time: Duration, unless isStopped: () -> Bool = { false }) throws {
        let deadline = ContinuousClock.now + time
        while !areReady, !isStopped() {
            guard ContinuousClock.now < deadline else {
                let late = states.filter { !$0.isReady }.map { "\($0.name) is \($0.detail)" }
                throw DevNode.NotReady(description: "not ready in \(time): \(late.joined(separator: ", "))")
            }
            usleep(5_000)
        }
    }

    /// Stops all together: each finishes its record, writes, commits and leaves its group.
    package func stop() {
        for runtime in runtimes { runtime.requestStop() }
        for runtime in runtimes { runtime.stop() }
    }
}
