import CRdKafka

/// librdkafka's own cluster in memory, which answers and keeps next to nothing: the ceiling of what a client can do.
package final class MockCluster {
    private let client: ClientHandle
    private let cluster: OpaquePointer

    /// Starts a cluster of one broker on a port of the loopback address.
    package init() throws(KafkaError) {
        client = try ClientHandle(RD_KAFKA_PRODUCER, [:], events: 0)
        guard let made = rd_kafka_mock_cluster_new(client.pointer, 1) else {
            throw KafkaError(.invalidArgument, "make a mock cluster", message: "no cluster")
        }
        cluster = made
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    /// Makes a topic; one that is only asked for gets four partitions.
    package func createTopic(_ name: String, partitions: Int32) throws(KafkaError) {
        try KafkaError.check(rd_kafka_mock_topic_create(cluster, name, partitions, 1), "create \(name)")
    }

    /// `host:port`.
    package var bootstrap: String { rd_kafka_mock_cluster_bootstraps(cluster).map { String(cString: $0) } ?? "" }
}
