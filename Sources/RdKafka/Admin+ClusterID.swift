import CRdKafka
import Glibc

extension Admin {
    /// The id that a cluster gave itself when it was made; another log has another.
    ///
    /// - Throws: `.timedOut` when no broker tells it in time.
    package func clusterID(deadline: Duration = defaultDeadline) throws(KafkaError) -> String {
        guard let id = rd_kafka_clusterid(client.pointer, ClientHandle.milliseconds(deadline)) else {
            throw KafkaError(.timedOut, "ask for the cluster's id", message: "no answer in \(deadline)")
        }
        defer { free(id) }
        return String(cString: id)
    }
}
