import Crypto

/// What is kept of a password for SCRAM (RFC 5802): enough to check it, not enough to log in elsewhere.
struct ScramCredential: Sendable, Equatable {
    /// Kafka's bounds (KIP-554).
    static let iterationsAllowed = 4096...16_384
    static let saltBytesMax = 1024

    let salt: [UInt8]
    let storedKey: [UInt8]
    let serverKey: [UInt8]
    let iterations: Int

    init(salt: [UInt8], storedKey: [UInt8], serverKey: [UInt8], iterations: Int) {
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
        self.iterations = iterations
    }

    /// From the password after PBKDF2, as a client sends it to make a user.
    init(saltedPassword: [UInt8], salt: [UInt8], iterations: Int, _ hash: KeyedHash) {
        self.init(
            salt: salt,
            storedKey: hash.digest(hash.authenticate(Array("Client Key".utf8), key: saltedPassword)),
            serverKey: hash.authenticate(Array("Server Key".utf8), key: saltedPassword),
            iterations: iterations
        )
    }

    init(password: [UInt8], salt: [UInt8], iterations: Int, _ hash: KeyedHash) {
        let salted = hash.derive(password: password, salt: salt, iterations: iterations)
        self.init(saltedPassword: salted, salt: salt, iterations: iterations, hash)
    }

    /// Whether this is the password; takes the time of PBKDF2.
    func accepts(password: [UInt8], _ hash: KeyedHash) -> Bool {
        let other = ScramCredential(password: password, salt: salt, iterations: iterations, hash)
        return Secrets.equal(other.storedKey, storedKey)
    }
}
