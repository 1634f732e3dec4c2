import Clocks
import Crypto
import EventLoop
import Glibc
import Synchronization
import Telemetry

/// How clients of one listener log in: mechanisms, users, keys for tokens.
///
/// Asked from any thread; files are looked at on the administration thread.
final class ListenerLogin: Sendable, SaslSession.Judges {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private struct Files {
        var keys: TokenKeys?
        var states: [ListenerTLS.FileState] = []
    }

    let name: String
    let mechanisms: [SaslMechanism]
    let maxLifetimeMilliseconds: Int64
    let failureDelayMilliseconds: Int64
    let users: ScramUsers
    let passwords: PasswordBook
    /// Password checks take milliseconds: they have a thread to themselves.
    let checks: EventLoop
    private let settings: BrokerSettings
    private let rules: TokenRules
    private let files = Mutex(Files())

    /// - Throws: `Problem` that names the setting which is no good.
    init(
        name: String,
        _ settings: BrokerSettings,
        users: ScramUsers,
        checks: EventLoop
    ) throws(Problem) {
        self.name = name
        self.settings = settings
        self.users = users
        self.checks = checks
        mechanisms = SettingDefinition.items(settings.text("sasl.enabled.mechanisms", listener: name))
            .compactMap(SaslMechanism.init)
        guard !mechanisms.isEmpty else { throw Problem(description: "sasl.enabled.mechanisms is empty") }
        maxLifetimeMilliseconds = settings.integer("connections.max.reauth.ms", listener: name)
        failureDelayMilliseconds = settings.integer("connection.failed.authentication.delay.ms", listener: name)
        rules = Self.rules(name, settings)
        passwords = PasswordBook(users: [:], scram: users)
        try read()
        try checkRules()
    }

    func makeSession() -> SaslSession {
        SaslSession(mechanisms: mechanisms, maxLifetimeMilliseconds: maxLifetimeMilliseconds)
    }

    func serverNonce() -> String { Base64.encode(Secrets.random(24)) }

    func find(_ user: String, _ mechanism: SaslMechanism) -> ScramExchange.Lookup { users.find(user, mechanism) }

    func check(token: String, nowMilliseconds: Int64) throws(TokenRules.Problem) -> SaslIdentity {
        try rules.check(token, files.withLock { $0.keys }, nowMilliseconds: nowMilliseconds)
    }

    /// Reads users and keys again when their files have changed; what is no good is logged and changes nothing.
    func look(_ logger: Logger) {
        guard files.withLock({ $0.states }) != paths.map(ListenerTLS.FileState.init) else { return }
        do throws(Problem) {
            try read()
            logger.info("users and keys reloaded", ["listener": .value(name)])
        } catch {
            logger.error(
                "users and keys not reloaded; the old ones stay in use",
                ["listener": .value(name), "cause": .value(error)]
            )
        }
    }

    private static func rules(_ name: String, _ settings: BrokerSettings) -> TokenRules {
        func text(_ key: String) -> String { settings.text("sasl.oauthbearer.\(key)", listener: name) }
        var rules = TokenRules()
        rules.issuer = text("expected.issuer")
        rules.audiences = SettingDefinition.items(text("expected.audience"))
        rules.scopes = SettingDefinition.items(text("expected.scope"))
        rules.scopeClaim = text("scope.claim.name")
        rules.subjectClaim = text("sub.claim.name")
        let skew = settings.integer("sasl.oauthbearer.clock.skew.seconds", listener: name)
        rules.skewMilliseconds = skew * 1000
        rules.allowsUnsecured = settings.flag("sasl.oauthbearer.unsecured.allowed", listener: name)
        return rules
    }

    /// A token that is checked by halves is worse than none.
    private func checkRules() throws(Problem) {
        guard mechanisms.contains(.oauthBearer), !rules.allowsUnsecured else { return }
        for key in ["jwks.endpoint.url", "expected.issuer", "expected.audience"] {
            guard settings.text("sasl.oauthbearer.\(key)", listener: name).isEmpty else { continue }
            throw Problem(description: "OAUTHBEARER needs sasl.oauthbearer.\(key)")
        }
    }

    private var usersPath: String { settings.text("sasl.plain.users.location", listener: name) }

    private var keysPath: String {
        let url = settings.text("sasl.oauthbearer.jwks.endpoint.url", listener: name)
        return url.hasPrefix("file://") ? String(url.dropFirst(7)) : ""
    }

    private var paths: [String] { [usersPath, keysPath].filter { !$0.isEmpty } }

    private func read() throws(Problem) {
        files.withLock { [paths] in $0.states = paths.map(ListenerTLS.FileState.init) }
        let url = settings.text("sasl.oauthbearer.jwks.endpoint.url", listener: name)
        guard url.isEmpty || !keysPath.isEmpty else {
            throw Problem(description: "sasl.oauthbearer.jwks.endpoint.url must be file:///path; nothing is fetched")
        }
        var users: [String: String] = [:]
        let jaas = settings.text("plain.sasl.jaas.config", listener: name)
        do {
            if !jaas.isEmpty { users = try PlainUsers.parse(jaas: jaas) }
            if !usersPath.isEmpty {
                users.merge(try PlainUsers.parse(file: try Self.bytes(usersPath))) { $1 }
            }
            let keys = keysPath.isEmpty ? nil : try TokenKeys(try Self.bytes(keysPath))
            files.withLock { $0.keys = keys }
        } catch let problem as PlainUsers.Problem {
            throw Problem(description: "users of PLAIN: \(problem)")
        } catch let problem as TokenKeys.Problem {
            throw Problem(description: "\(keysPath): \(problem)")
        } catch {
            throw Problem(description: "\(error)")
        }
        passwords.replace(users: users)
    }

    private static func bytes(_ path: String) throws(AtomicFile.Failure) -> [UInt8] {
        guard let bytes = try AtomicFile.read(path) else {
            throw AtomicFile.Failure(operation: "open", path: path, code: ENOENT)
        }
        return bytes
    }
}
