private import PostgresSink
private import SinkRuntime
package import VectorSink

/// The sinks that run in this process, each on its own thread and in its own group.
package final class ConnectorsPart: Sendable {
    private let runners: [SinkRunner]

    /// Starts them; they catch up in their own time.
    ///
    /// - Parameters:
    ///   - brokers: Where they read.
    ///   - postgresURL: Where the rows go; nil runs no PostgreSQL sink.
    ///   - memory: The index of messages; nil runs no vector sink.
    ///   - clusterID: Which log the stored positions belong to.
    ///   - instanceID: Makes them static members, as for processors.
    package init(
        brokers: String,
        postgresURL: String?,
        memory: MemoryIndex?,
        clusterID: String,
        instanceID: String?
    ) {
        var settings = SinkSettings()
        settings.instanceID = instanceID
        let definitions =
            [postgresURL.map { PostgresConnector.definition(url: $0, clusterID: clusterID) }].compactMap { $0 }
            + [memory.map { VectorConnector.definition($0) }].compactMap { $0 }
        runners = definitions.map { SinkRunner($0, brokers: brokers, settings: settings) }
        for runner in runners { runner.start() }
    }

    /// Name, readiness and state of each.
    package var states: [Readiness] {
        runners.map { runner in
            let status = runner.status
            let failure = status.lastError.map { status.state == .running ? "" : ": \($0)" } ?? ""
            return Readiness(
                name: runner.definition.name,
                isReady: runner.isReady,
                detail: status.state.rawValue + failure
            )
        }
    }

    /// Stops all together: each writes what it has read.
    package func stop() {
        for runner in runners { runner.requestStop() }
        for runner in runners { runner.stop() }
    }
}
