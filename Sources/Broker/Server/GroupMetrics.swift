import Telemetry

/// How many groups are in which state, and what they keep; looked at every few seconds on the groups' own loop.
struct GroupMetrics: Sendable {
    private let states: [(name: String, gauge: Gauge)]
    private let members: Gauge
    private let offsets: Gauge

    init(_ registry: MetricsRegistry) {
        states = ["Empty", "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling", "Stable"].map {
            ($0, registry.gauge("soma_broker_groups", "Consumer groups by state.", [("state", $0)]))
        }
        members = registry.gauge("soma_broker_group_members", "Members of all groups.")
        offsets = registry.gauge("soma_broker_group_offsets", "Committed offsets kept.")
    }

    /// Runs on the loop of the groups.
    func update(_ groups: some Sequence<Group>) {
        var counts: [String: Int] = [:]
        var (memberCount, offsetCount) = (0, 0)
        for group in groups {
            counts[group.phaseName, default: 0] += 1
            memberCount += group.consumer?.members.count ?? group.state.members.count
            offsetCount += group.offsets.count
        }
        for (name, gauge) in states { gauge.set(counts[name] ?? 0) }
        members.set(memberCount)
        offsets.set(offsetCount)
    }
}
