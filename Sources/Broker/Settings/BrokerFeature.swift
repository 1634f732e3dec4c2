/// A feature of the cluster that clients ask for by name and level (KIP-584).
///
/// A feature is listed when it works: clients turn on what they find here.
struct BrokerFeature: Sendable {
    let name: String
    let versions: ClosedRange<Int16>
    /// The level in force; 0 is off.
    let level: Int16

    /// Levels never change while the broker runs.
    static let epoch: Int64 = 0

    static let table: [BrokerFeature] = [
        // Groups whose assignment the broker makes (KIP-848).
        .init(name: "group.version", versions: 0...1, level: 1)
    ]
}
