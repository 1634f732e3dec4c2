private import Synchronization

/// How this process reaches its Kafka cluster, besides the address: encryption and login, in librdkafka's names.
///
/// A process talks to one cluster with many clients; what all of them need to get in is said once, at its start.
package enum ConnectionSettings {
    private static let shared = Mutex<[String: String]>([:])
    private static let prefixes = ["security.", "sasl.", "ssl.", "socket.", "broker.address.", "broker.version."]
    private static let names: Set<String> = [
        "enable.ssl.certificate.verification", "client.dns.lookup", "debug", "api.version.request",
    ]

    /// Whether a setting is about reaching the cluster and not about what is done there.
    package static func isOne(_ key: String) -> Bool {
        names.contains(key) || prefixes.contains { key.hasPrefix($0) }
    }

    /// Takes settings for all clients made from now on.
    package static func use(_ settings: [String: String]) { shared.withLock { $0 = settings } }

    static var current: [String: String] { shared.withLock { $0 } }
}
