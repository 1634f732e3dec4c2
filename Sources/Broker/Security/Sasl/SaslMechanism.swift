package import Crypto

/// How a client shows who it is, by the names of SASL.
package enum SaslMechanism: String, Sendable, CaseIterable {
    case plain = "PLAIN"
    case scramSHA256 = "SCRAM-SHA-256"
    case scramSHA512 = "SCRAM-SHA-512"
    case oauthBearer = "OAUTHBEARER"

    /// The hash of a SCRAM mechanism.
    package var hash: KeyedHash? {
        switch self {
        case .scramSHA256: .sha256
        case .scramSHA512: .sha512
        case .plain, .oauthBearer: nil
        }
    }

    /// Kafka's number in the SCRAM APIs.
    var scramNumber: Int8? {
        switch self {
        case .scramSHA256: 1
        case .scramSHA512: 2
        case .plain, .oauthBearer: nil
        }
    }

    static func scram(number: Int8) -> SaslMechanism? { allCases.first { $0.scramNumber == number } }
}

/// What one message of a login leads to.
enum SaslStep: Equatable {
    /// Send this and wait for the next message.
    case challenge([UInt8])
    /// The client is who it says; send this.
    case success(SaslIdentity, [UInt8])
    /// The password must be looked at, which takes time.
    case checkPassword(user: String, password: [UInt8])
    /// Not logged in; the client is told `reason`, which says nothing about what is right.
    case failure(reason: String)
}

/// Who has logged in, and for how long at most.
struct SaslIdentity: Equatable {
    var name: String
    /// The end of what the client showed, in milliseconds since 1970; nil when it has none.
    var expiresMilliseconds: Int64?
}
