import Crypto
import Synchronization

/// The users that log in with SCRAM, in a file of their own.
///
/// Read from any thread, changed on the administration thread. The file holds no passwords, but what it holds can be
/// tried against a list of likely ones: it is its owner's alone.
final class ScramUsers: Sendable {
    static let fileName = "scram.users"
    static let usersMax = 100_000
    private static let file = LineFile(kind: "soma-scram-users")
    private static let defaultIterations = 8192

    typealias Credentials = [SaslMechanism: ScramCredential]

    private let users: Mutex<[String: Credentials]>
    /// Makes up what an unknown user is shown, the same each time.
    private let secret: [UInt8]
    private let directory: String

    /// - Throws: `AtomicFile.Failure`, or `LineFile.Damage` when the file is not what was written.
    init(directory: String) throws {
        self.directory = directory
        var found: [String: Credentials] = [:]
        var secret: [UInt8]?
        if let bytes = try AtomicFile.read(directory + "/" + Self.fileName) {
            for (index, words) in try Self.file.decode(bytes).enumerated() {
                if words.count == 2, words[0] == "secret", let value = Base64.decode(words[1].utf8) {
                    secret = value
                } else {
                    let (user, mechanism, credential) = try Self.entry(words, line: index + 2)
                    found[user, default: [:]][mechanism] = credential
                }
            }
        }
        self.secret = secret ?? Secrets.random(32)
        users = Mutex(found)
    }

    var all: [String: Credentials] { users.withLock { $0 } }

    func credentials(of user: String) -> Credentials { users.withLock { $0[user] ?? [:] } }

    /// The user's credential, or one that looks like the others' and that no password fits.
    func find(_ user: String, _ mechanism: SaslMechanism) -> ScramExchange.Lookup {
        let hash = mechanism.hash ?? .sha256
        // Both ways do the same work.
        let draw = KeyedHash.sha512.authenticate(Array("\(mechanism.rawValue) \(user)".utf8), key: secret)
        let (known, pattern) = users.withLock { users in
            (users[user]?[mechanism], users.first { $0.value[mechanism] != nil }?.value[mechanism])
        }
        let invented = ScramCredential(
            salt: Array(draw.prefix(min(64, pattern?.salt.count ?? 32))),
            storedKey: hash.digest(draw),
            serverKey: hash.authenticate(draw, key: secret),
            iterations: pattern?.iterations ?? Self.defaultIterations
        )
        return ScramExchange.Lookup(credential: known ?? invented, isKnown: known != nil)
    }

    /// Whether this is the user's password by any mechanism; takes the time of PBKDF2 for an unknown user too.
    func accepts(_ user: String, password: [UInt8]) -> Bool {
        let mechanism: SaslMechanism = credentials(of: user)[.scramSHA512] != nil ? .scramSHA512 : .scramSHA256
        let found = find(user, mechanism)
        return found.credential.accepts(password: password, mechanism.hash ?? .sha256) && found.isKnown
    }

    /// Changes the users; they are on disk before they can log in.
    func change(_ body: (inout [String: Credentials]) -> Void) throws(AtomicFile.Failure) {
        var changed = all
        body(&changed)
        var lines = [["secret", Base64.encode(secret)]]
        for (user, credentials) in changed.sorted(by: { $0.key < $1.key }) {
            for (mechanism, credential) in credentials.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                lines.append([
                    "user", user, mechanism.rawValue, "\(credential.iterations)", Base64.encode(credential.salt),
                    Base64.encode(credential.storedKey), Base64.encode(credential.serverKey),
                ])
            }
        }
        let path = directory + "/" + Self.fileName
        try AtomicFile.write(Self.file.encode(lines), to: path, in: directory, mode: 0o600)
        users.withLock { [changed] in $0 = changed }
    }

    private static func entry(
        _ words: [String],
        line: Int
    ) throws(LineFile.Damage) -> (String, SaslMechanism, ScramCredential) {
        guard words.count == 7, words[0] == "user", let mechanism = SaslMechanism(rawValue: words[2]),
            let hash = mechanism.hash, let iterations = Int(words[3]), iterations > 0,
            let salt = Base64.decode(words[4].utf8), let storedKey = Base64.decode(words[5].utf8),
            let serverKey = Base64.decode(words[6].utf8), storedKey.count == hash.byteCount,
            serverKey.count == hash.byteCount
        else { throw file.damage(line, "is no user") }
        return (
            words[1], mechanism,
            ScramCredential(salt: salt, storedKey: storedKey, serverKey: serverKey, iterations: iterations)
        )
    }
}
