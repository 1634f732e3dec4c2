package import Declarations
package import RdKafka

/// Brings the declared topics to a broker.
package enum TopicSetup {
    /// What was done.
    package struct Outcome: Sendable {
        package var created: [String] = []
        /// Fewer replicas than declared, because there are not so many brokers.
        package var loweredReplicas: Int?
        /// Topics that have another number of partitions than declared; they are left alone.
        package var different: [String] = []
    }

    /// Creates the topics that are missing; those that are there are never changed.
    package static func create(
        _ topics: [TopicDeclaration],
        with admin: Admin,
        deadline: Duration = .seconds(30)
    ) throws -> Outcome {
        let cluster = try admin.cluster(deadline: deadline)
        var outcome = Outcome()
        let brokers = max(1, cluster.brokers.count)
        var missing: [Admin.NewTopic] = []
        for topic in topics {
            if let found = cluster.topics.first(where: { $0.name == topic.name }) {
                if found.partitions.count != topic.partitions { outcome.different.append(topic.name) }
                continue
            }
            let replicas = min(topic.replicas, brokers)
            if replicas < topic.replicas { outcome.loweredReplicas = replicas }
            missing.append(newTopic(topic, replicas: replicas))
        }
        // Another process may create them at this moment.
        try admin.createTopics(missing, allowExisting: true, deadline: deadline)
        outcome.created = missing.map(\.name)
        return outcome
    }

    private static func newTopic(_ topic: TopicDeclaration, replicas: Int) -> Admin.NewTopic {
        var settings = Dictionary(topic.config.map { ($0.key, $0.value) }) { $1 }
        // As many copies as there are: more could never be in sync.
        if let text = settings["min.insync.replicas"], let least = Int(text), least > replicas {
            settings["min.insync.replicas"] = String(replicas)
        }
        return Admin.NewTopic(
            topic.name,
            partitions: Int32(clamping: topic.partitions),
            replicationFactor: Int32(clamping: replicas),
            configuration: settings
        )
    }
}
