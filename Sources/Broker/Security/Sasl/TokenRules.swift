import Crypto
import JSON

/// What a token must be to be believed (RFC 7519 under the rules of RFC 8725).
struct TokenRules: Sendable {
    var issuer = ""
    /// One of these must be among the token's.
    var audiences: [String] = []
    /// All of these must be among the token's.
    var scopes: [String] = []
    var scopeClaim = "scope"
    var subjectClaim = "sub"
    var skewMilliseconds: Int64 = 30_000
    /// Tokens without a signature are taken: for development only.
    var allowsUnsecured = false

    static let tokenBytesMax = 32 << 10

    /// Why a token is refused; for the log, the client is only told that it is.
    struct Problem: Error, Equatable {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    func check(_ token: String, _ keys: TokenKeys?, nowMilliseconds: Int64) throws(Problem) -> SaslIdentity {
        guard token.utf8.count <= Self.tokenBytesMax else { throw Problem("the token is too long") }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw Problem("the token is no signed JWT") }
        let header = try Self.object(parts[0], "header")
        let claims = try Self.object(parts[1], "payload")
        guard header["crit"] == nil else { throw Problem("the token has critical header fields") }
        if let type = header["typ"]?.string?.lowercased() {
            guard ["jwt", "at+jwt", "application/at+jwt"].contains(type) else {
                throw Problem("the token is of another type")
            }
        }
        guard let algorithm = header["alg"]?.string else { throw Problem("the token names no algorithm") }
        let isUnsecured = algorithm == "none"
        if isUnsecured {
            guard allowsUnsecured, parts[2].isEmpty else { throw Problem("the token is not signed") }
        } else {
            try verify(parts, header, algorithm, keys)
        }
        return try judge(claims, isUnsecured: isUnsecured, nowMilliseconds)
    }

    private func verify(_ parts: [Substring], _ header: JSON, _ algorithm: String, _ keys: TokenKeys?) throws(Problem) {
        guard let keys else { throw Problem("there are no keys to check tokens with") }
        let id = header["kid"]
        guard id == nil || id?.string != nil else { throw Problem("the token's kid is no text") }
        guard let key = keys.key(id?.string) else { throw Problem("the token's key is not known") }
        guard key.algorithm.rawValue == algorithm else { throw Problem("the token's algorithm is not its key's") }
        guard let signature = Base64.decode(parts[2].utf8, .url) else { throw Problem("the signature is malformed") }
        guard key.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)) else {
            throw Problem("the signature is wrong")
        }
    }

    private func judge(_ claims: JSON, isUnsecured: Bool, _ now: Int64) throws(Problem) -> SaslIdentity {
        if !issuer.isEmpty || !isUnsecured {
            guard let given = claims["iss"]?.string, given == issuer, !issuer.isEmpty else {
                throw Problem("the token is of another issuer")
            }
        }
        if !audiences.isEmpty || !isUnsecured {
            let single = claims["aud"]?.string.map { [$0] }
            let given = single ?? (claims["aud"]?.array ?? []).compactMap(\.string)
            guard given.contains(where: audiences.contains) else { throw Problem("the token is for another audience") }
        }
        guard let expires = try Self.time(claims, "exp") else { throw Problem("the token has no end") }
        guard expires &+ skewMilliseconds > now else { throw Problem("the token has expired") }
        for name in ["nbf", "iat"] {
            guard let start = try Self.time(claims, name) else { continue }
            guard start <= now &+ skewMilliseconds else { throw Problem("the token is not valid yet") }
        }
        let given = claims[scopeClaim]
        let list = given?.string?.split(separator: " ").map(String.init) ?? (given?.array ?? []).compactMap(\.string)
        guard scopes.allSatisfy(list.contains) else { throw Problem("the token lacks a scope") }
        guard let name = claims[subjectClaim]?.string, !name.isEmpty, name.utf8.count <= 1024 else {
            throw Problem("the token names nobody")
        }
        return SaslIdentity(name: name, expiresMilliseconds: expires)
    }

    /// Milliseconds since 1970 from a claim in seconds, which may have a fraction.
    private static func time(_ claims: JSON, _ name: String) throws(Problem) -> Int64? {
        guard let value = claims[name] else { return nil }
        guard let seconds = value.double, seconds >= 0, seconds < 1e12 else {
            throw Problem("the claim \(name) is no time")
        }
        return Int64(seconds * 1000)
    }

    private static func object(_ text: Substring, _ what: String) throws(Problem) -> JSON {
        guard let bytes = Base64.decode(text.utf8, .url) else { throw Problem("the token's \(what) is no base64url") }
        guard let value = try? JSON.parse(bytes), case .object(let members) = value else {
            throw Problem("the token's \(what) is no JSON object")
        }
        // Two members of one name are read differently by different readers.
        guard Set(members.map(\.name)).count == members.count else {
            throw Problem("the token's \(what) has a member twice")
        }
        return value
    }
}
