import EventLoop
import KafkaProtocol
import TLS
import Telemetry

/// One listener of a running broker: where clients are told to come, and what is asked of them there.
final class BrokerListener: Sendable {
    let name: String
    let security: SecurityProtocol
    let advertised: BrokerSettings.Address
    /// Set when it speaks TLS.
    let tls: ListenerTLS?
    /// Set when clients log in.
    let login: ListenerLogin?
    let endpoint: Endpoint

    init(
        _ listener: ListenerSettings,
        boundPort: UInt16,
        tls: ListenerTLS?,
        login: ListenerLogin?,
        _ settings: BrokerSettings
    ) {
        name = listener.name
        security = listener.security
        advertised = listener.advertised(boundPort: boundPort)
        self.tls = tls
        self.login = login
        endpoint = Endpoint(
            name: listener.name,
            tls: tls?.identity,
            loginFrameBytesMax: login == nil
                ? nil : Int(clamping: settings.integer("sasl.server.max.receive.size", listener: listener.name)),
            setupMilliseconds: settings.integer("socket.connection.setup.timeout.ms", listener: listener.name)
        )
    }
}

/// What the listeners share: users, and the settings that change while they are open.
final class ListenerSecurity: Sendable {
    /// Time between looks at the files of certificates, users and keys.
    private static let lookMilliseconds: Int64 = 2_000

    let users: ScramUsers
    let listeners: [BrokerListener]
    private let configs: ConfigStore
    private let logger: Logger

    /// `ports`: those that the listeners are bound to, in their order.
    ///
    /// - Throws: `SettingsProblem` that names the listener which cannot be opened, or an error of a file.
    init(
        _ configs: ConfigStore,
        initialUsers: [InitialUser],
        directory: String,
        ports: [UInt16],
        checks: EventLoop,
        _ logger: Logger
    ) throws {
        self.configs = configs
        self.logger = logger
        let settings = configs.settings
        let users = try ScramUsers(directory: directory)
        try users.add(missing: initialUsers)
        self.users = users
        listeners = try zip(settings.listeners, ports).map { listener, port in
            do {
                return BrokerListener(
                    listener,
                    boundPort: port,
                    tls: listener.security.usesTLS ? try Self.tls(listener.name, settings, logger) : nil,
                    login: listener.security.usesSASL
                        ? try ListenerLogin(name: listener.name, settings, users: users, checks: checks) : nil,
                    settings
                )
            } catch {
                throw SettingsProblem(lines: ["listener \(listener.name): \(error)"])
            }
        }
    }

    /// A change that has become no good must not keep the broker from starting: nobody could take it back then.
    private static func tls(_ name: String, _ settings: BrokerSettings, _ logger: Logger) throws(TLSError)
        -> ListenerTLS
    {
        do throws(TLSError) {
            return try ListenerTLS(name: name, TLSSettings(settings, listener: name), logger)
        } catch {
            guard settings.changes != SettingChanges() else { throw error }
            logger.error(
                "changed settings are no good; those of the start are used",
                ["listener": .value(name), "cause": .value(error)]
            )
            var first = settings
            first.changes = SettingChanges()
            return try ListenerTLS(name: name, TLSSettings(first, listener: name), logger)
        }
    }

    /// The listeners in the settings' form, with what was bound and is told.
    func text(_ key: String) -> String? {
        switch key {
        case "listeners": configs.settings.listeners.map { "\($0.name)://\($0.address)" }.joined(separator: ",")
        case "advertised.listeners": listeners.map { "\($0.name)://\($0.advertised)" }.joined(separator: ",")
        default: nil
        }
    }

    func listener(named name: String) -> BrokerListener {
        guard let listener = listeners.first(where: { $0.name == name }) else {
            preconditionFailure("there is no listener \(name)")
        }
        return listener
    }

    /// Looks at the files from time to time, on the administration thread.
    func watch(on loop: EventLoop) {
        guard listeners.contains(where: { $0.security != .plaintext }) else { return }
        loop.post { [self] in lookLater(loop) }
    }

    private func lookLater(_ loop: EventLoop) {
        _ = loop.schedule(afterMilliseconds: Self.lookMilliseconds) { [self] in
            let settings = configs.settings
            for listener in listeners {
                listener.tls?.look(TLSSettings(settings, listener: listener.name), logger)
                listener.login?.look(logger)
            }
            lookLater(loop)
        }
    }

    /// Refuses settings that no certificate, or no listener, can be made of.
    func check(_ settings: BrokerSettings) throws(TopicCatalogue.Refusal) {
        for key in settings.changes.effective.keys.sorted() {
            guard let name = BrokerSettings.listenerKey(key)?.listener else { continue }
            guard listeners.contains(where: { $0.name == name }) else {
                throw TopicCatalogue.Refusal(.invalidConfig, "\(key): there is no listener \(name).")
            }
        }
        let current = configs.settings
        for listener in listeners {
            // A file that is broken at this moment is no reason to refuse a change of something else.
            let candidate = TLSSettings(settings, listener: listener.name)
            guard candidate != TLSSettings(current, listener: listener.name) else { continue }
            do throws(TLSError) {
                try listener.tls?.check(candidate)
            } catch {
                throw TopicCatalogue.Refusal(.invalidConfig, "Listener \(listener.name): \(error)")
            }
        }
    }

    /// Takes settings that have been checked; connections stay as they are.
    func apply(_ settings: BrokerSettings) {
        for listener in listeners {
            do throws(TLSError) {
                try listener.tls?.change(TLSSettings(settings, listener: listener.name), logger)
            } catch {
                logger.error("certificate not changed", ["listener": .value(listener.name), "cause": .value(error)])
            }
        }
    }
}
