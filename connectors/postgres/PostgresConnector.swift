import RdKafka
package import SinkRuntime

/// The connector of this folder, ready to run.
package enum PostgresConnector {
    package static let name = "postgres-sink"
    package static let topics = [
        "conversation.events", "agent.audit", "billing", "billing.ledger", "training.audit",
    ]

    /// Conversation, audit, billing and training events as rows.
    ///
    /// - Parameters:
    ///   - url: `postgresql://…`; tables are made at the first start.
    ///   - clusterID: Which log the positions are of, so that a database outlives a log that is made anew.
    /// - Returns: The definition.
    package static func definition(url: String, clusterID: String? = nil) -> SinkDefinition {
        let key = clusterID.map { "\(name)@\($0)" } ?? name
        var definition = SinkDefinition(name: name, topics: topics) { PostgresEventSink(url: url, name: key) }
        definition.recordsMax = 10_000
        definition.bytesMax = 16 << 20
        definition.outOfRange = .beginning
        return definition
    }
}
