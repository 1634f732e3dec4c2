import Crypto
import Synchronization

/// Answers whether a password of PLAIN is right: from the settings' own users, then from those of SCRAM.
final class PasswordBook: Sendable {
    /// Right passwords that are remembered as a hash under a key of this process, so that reconnecting costs no PBKDF2.
    private static let rememberedMax = 1_000

    private struct Remembered {
        var users: [String: String]
        var right: [String: (digest: [UInt8], credentials: ScramUsers.Credentials)] = [:]
    }

    private let scram: ScramUsers
    private let key = Secrets.random(32)
    private let state: Mutex<Remembered>

    /// `users`: name to password.
    init(users: [String: String], scram: ScramUsers) {
        self.scram = scram
        state = Mutex(Remembered(users: users))
    }

    func replace(users: [String: String]) { state.withLock { $0.users = users } }

    /// May take some milliseconds; never on a network thread.
    func accepts(_ user: String, _ password: [UInt8]) -> Bool {
        let hash = KeyedHash.sha256
        let given = hash.authenticate(password, key: key)
        let (own, remembered) = state.withLock { ($0.users[user], $0.right[user]) }
        if let own { return Secrets.equal(given, hash.authenticate(Array(own.utf8), key: key)) }
        let credentials = scram.credentials(of: user)
        if let remembered, remembered.credentials == credentials, Secrets.equal(remembered.digest, given) {
            return true
        }
        guard scram.accepts(user, password: password) else { return false }
        state.withLock { state in
            if state.right.count >= Self.rememberedMax { state.right = [:] }
            state.right[user] = (given, credentials)
        }
        return true
    }
}

/// The users of PLAIN in the settings.
enum PlainUsers {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads `user_NAME="PASSWORD"` of Kafka's form.
    static func parse(jaas text: String) throws(Problem) -> [String: String] {
        var users: [String: String] = [:]
        var rest = text[...]
        while let mark = rest.firstRange(of: "user_") {
            // `user_` must begin a word.
            let isWord = mark.lowerBound == rest.startIndex || rest[..<mark.lowerBound].last?.isWhitespace == true
            rest = rest[mark.upperBound...]
            guard isWord else { continue }
            guard let equals = rest.firstIndex(of: "="), equals > rest.startIndex else {
                throw Problem(description: "a user without a password")
            }
            let name = String(rest[..<equals]).trimmingSpaces
            rest = rest[rest.index(after: equals)...].drop { $0 == " " }
            guard let quote = rest.first, quote == "\"" || quote == "'" else {
                throw Problem(description: "the password of \(name) is not in quotes")
            }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else {
                throw Problem(description: "the password of \(name) has no closing quote")
            }
            users[name] = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
        }
        guard !users.isEmpty else { throw Problem(description: "there is no user_NAME=\"PASSWORD\"") }
        return users
    }

    /// Reads `NAME:PASSWORD` lines; empty ones and those that begin with `#` say nothing.
    static func parse(file bytes: [UInt8]) throws(Problem) -> [String: String] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Problem(description: "is no text") }
        var users: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, line.last != ":" else {
                throw Problem(description: "line \(index + 1) is not NAME:PASSWORD")
            }
            users[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return users
    }
}

extension String {
    fileprivate var trimmingSpaces: String { String(self.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
