import KafkaProtocol
import Synchronization
import Telemetry

/// What was configured while the broker ran, other than on topics: settings of the broker and of groups.
///
/// Read from any thread, changed on the administration thread, kept in a file.
package final class ConfigStore: Sendable {
    static let fileName = "configs"
    private static let file = LineFile(kind: "soma-configs")
    /// Groups that may have configs of their own.
    private static let groupsMax = 10_000

    private struct State {
        var settings: BrokerSettings
        var groups: [String: [String: String]] = [:]
    }

    private let state: Mutex<State>
    private let directory: String
    private let logger: Logger

    /// - Throws: `AtomicFile.Failure`, or `LineFile.Damage` when the file is not what was written.
    init(_ settings: BrokerSettings, directory: String, _ logger: Logger) throws {
        self.directory = directory
        self.logger = logger
        let bytes = try AtomicFile.read(directory + "/" + Self.fileName)
        var state = State(settings: settings)
        if let bytes { try Self.restore(bytes, &state, logger) }
        self.state = Mutex(state)
    }

    /// The broker's settings as they are now.
    package var settings: BrokerSettings { state.withLock { $0.settings } }

    /// What was set on a group.
    func group(_ name: String) -> [String: String] { state.withLock { $0.groups[name] ?? [:] } }

    var groups: [String] { state.withLock { $0.groups.keys.sorted() } }

    /// Replaces what was changed of the broker's settings; it is on disk before it holds.
    func change(_ changes: SettingChanges) throws(TopicCatalogue.Refusal) {
        try save { $0.settings.changes = changes }
        logger.info("settings changed", ["keys": .value(changes.effective.keys.sorted().joined(separator: ","))])
    }

    /// Replaces what was set on a group.
    func change(group: String, _ configs: [String: String]) throws(TopicCatalogue.Refusal) {
        if state.withLock({ $0.groups[group] == nil && $0.groups.count >= Self.groupsMax }) {
            throw TopicCatalogue.Refusal(.policyViolation, "There are configs of \(Self.groupsMax) groups already.")
        }
        try save { $0.groups[group] = configs.isEmpty ? nil : configs }
    }

    private func save(_ body: (inout State) -> Void) throws(TopicCatalogue.Refusal) {
        var changed = state.withLock { $0 }
        body(&changed)
        do throws(AtomicFile.Failure) {
            // A private key may be among the settings.
            try AtomicFile.write(Self.encode(changed), to: directory + "/" + Self.fileName, in: directory, mode: 0o600)
        } catch {
            logger.error("configs not written", ["cause": .value(error)])
            throw TopicCatalogue.Refusal(.kafkaStorageError, "\(error)")
        }
        state.withLock { [changed] in $0 = changed }
    }

    private static func encode(_ state: State) -> [UInt8] {
        func lines(_ kind: String, _ name: String, _ configs: [String: String]) -> [[String]] {
            configs.sorted { $0.key < $1.key }.map { [kind, name, $0.key, $0.value] }
        }
        let changes = state.settings.changes
        return file.encode(
            lines("broker", "", changes.ofBroker) + lines("all-brokers", "", changes.ofAll)
                + state.groups.sorted { $0.key < $1.key }.flatMap { lines("group", $0.key, $0.value) }
        )
    }

    private static func restore(_ bytes: [UInt8], _ state: inout State, _ logger: Logger) throws(LineFile.Damage) {
        var ofBroker: [String: String] = [:]
        var ofAll: [String: String] = [:]
        for (index, words) in try file.decode(bytes).enumerated() {
            guard words.count == 4 else { throw file.damage(index + 2, "is no config") }
            let (kind, name, key, value) = (words[0], words[1], words[2], words[3])
            let problem =
                kind == "group" ? GroupConfigs.problem(key, value) : BrokerSettings.changeProblem(key, value)?.message
            if let problem {
                // Another version wrote it; the broker is better off without it than without a start.
                logger.warning("config left out", ["key": .value(key), "reason": .value(problem)])
                continue
            }
            switch kind {
            case "broker": ofBroker[key] = value
            case "all-brokers": ofAll[key] = value
            case "group": state.groups[name, default: [:]][key] = value
            default: throw file.damage(index + 2, "begins with an unknown word")
            }
        }
        state.settings.changes = SettingChanges(ofBroker: ofBroker, ofAll: ofAll)
    }
}
