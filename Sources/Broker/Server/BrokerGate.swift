import EventLoop
import Synchronization

/// Lets connections in as far as the limits and the quotas of addresses allow.
final class BrokerGate: ConnectionGate {
    private struct State {
        var counts = ConnectionCounts()
        /// The limits and the settings that they were made of.
        var limits: ConnectionLimits?
        var source: [String] = []
    }

    private static let keys = ["max.connections", "max.connections.per.ip", "max.connections.per.ip.overrides"]

    private let state = Mutex(State())
    private let configs: ConfigStore
    private let quotas: Quotas

    /// - Throws: `SettingsProblem` when the overrides cannot be read.
    init(_ configs: ConfigStore, _ quotas: Quotas) throws(SettingsProblem) {
        self.configs = configs
        self.quotas = quotas
        if let problem = ConnectionLimits.problem(configs.settings.text("max.connections.per.ip.overrides")) {
            throw SettingsProblem(lines: ["max.connections.per.ip.overrides: \(problem)"])
        }
    }

    func admit(_ address: String) -> Admission {
        let settings = configs.settings
        let source = Self.keys.map { settings.text($0) }
        let refusal = state.withLock { state in
            let limits =
                state.source == source && state.limits != nil
                ? state.limits
                : ConnectionLimits(
                    total: settings.int(Self.keys[0]),
                    perAddress: settings.int(Self.keys[1]),
                    overrides: source[2]
                )
            (state.limits, state.source) = (limits, source)
            return limits.flatMap { state.counts.admit(address, $0) }
        }
        if let refusal { return .refused(reason: refusal, afterMilliseconds: 0) }
        let throttle = quotas.connect(address)
        guard throttle > 0 else { return .admitted }
        release(address)
        return .refused(reason: "connection_creation_rate is exceeded", afterMilliseconds: throttle)
    }

    func release(_ address: String) { state.withLock { $0.counts.release(address) } }
}
