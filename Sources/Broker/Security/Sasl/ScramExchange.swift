import Crypto

/// The server's side of SCRAM, step by step after RFC 5802 and RFC 7677.
///
/// A value without I/O: messages in, messages out. An unknown user goes the same way as a wrong password.
struct ScramExchange {
    /// What the user store says; `isKnown` is false for a credential that was made up.
    struct Lookup {
        let credential: ScramCredential
        let isKnown: Bool
    }

    private enum State {
        case start
        case challenged(user: String, Lookup, gs2Header: String, nonces: [[UInt8]], authMessage: [UInt8])
        case over
    }

    /// The one text for all that has to do with user and password.
    static let refusal = "invalid credentials"

    private let mechanism: SaslMechanism
    private let hash: KeyedHash
    private let serverNonce: String
    private var state = State.start

    /// `serverNonce`: printable, without commas, never used before.
    init?(_ mechanism: SaslMechanism, serverNonce: String) {
        guard let hash = mechanism.hash else { return nil }
        self.mechanism = mechanism
        self.hash = hash
        self.serverNonce = serverNonce
    }

    mutating func handle(_ message: [UInt8], find: (String) -> Lookup) -> SaslStep {
        guard let text = String(validating: message, as: UTF8.self), !message.contains(0) else {
            state = .over
            return .failure(reason: "a SCRAM message that is no text")
        }
        switch state {
        case .start: return first(text, find)
        case .challenged(let user, let lookup, let header, let nonces, let said):
            state = .over
            return final(text, user, lookup, gs2Header: header, nonces: nonces, said: said)
        case .over: return .failure(reason: "a SCRAM message after the last")
        }
    }

    /// `n,,n=user,r=nonce`: no channel binding, perhaps another name to act for, user, the client's nonce.
    private mutating func first(_ text: String, _ find: (String) -> Lookup) -> SaslStep {
        state = .over
        let parts = text.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { return .failure(reason: "the first SCRAM message is cut short") }
        if parts[0].hasPrefix("p=") { return .failure(reason: "channel binding is not served") }
        // `y`: the client could bind the channel and saw that we did not offer to, which is so.
        guard parts[0] == "n" || parts[0] == "y" else { return .failure(reason: "no channel binding flag") }
        var actor: String?
        if !parts[1].isEmpty {
            guard parts[1].hasPrefix("a="), let name = Self.name(parts[1].dropFirst(2)) else {
                return .failure(reason: "the name to act for is malformed")
            }
            actor = name
        }
        let bare = parts[2]
        let attributes = bare.split(separator: ",", omittingEmptySubsequences: false)
        if attributes.first?.hasPrefix("m=") == true { return .failure(reason: "mandatory extensions are not served") }
        guard attributes.count >= 2, attributes[0].hasPrefix("n="), let user = Self.name(attributes[0].dropFirst(2))
        else {
            return .failure(reason: "no user in the first SCRAM message")
        }
        guard attributes[1].hasPrefix("r="), Self.isNonce(attributes[1].dropFirst(2)) else {
            return .failure(reason: "no nonce in the first SCRAM message")
        }
        let extensions = attributes.dropFirst(2)
        guard extensions.allSatisfy(Self.isExtension) else { return .failure(reason: "a malformed SCRAM extension") }
        if extensions.contains("tokenauth=true") { return .failure(reason: "delegation tokens are not served") }
        if let actor, actor != user { return .failure(reason: "acting for another user is not served") }
        let clientNonce = String(attributes[1].dropFirst(2))
        let nonce = clientNonce + serverNonce
        let found = find(user)
        let answer = "r=\(nonce),s=\(Base64.encode(found.credential.salt)),i=\(found.credential.iterations)"
        state = .challenged(
            user: user,
            found,
            gs2Header: "\(parts[0]),\(parts[1]),",
            // librdkafka before 2.2 puts its own nonce before the whole once more. Ours is in it all the same, and the proof
            // covers it, so nothing old can be sent again.
            nonces: [Array(nonce.utf8), Array((clientNonce + nonce).utf8)],
            authMessage: Array("\(bare),\(answer),".utf8)
        )
        return .challenge(Array(answer.utf8))
    }

    /// `c=biws,r=nonce,p=proof`: the header of the first message again, both nonces, the proof.
    private func final(
        _ text: String,
        _ user: String,
        _ lookup: Lookup,
        gs2Header: String,
        nonces: [[UInt8]],
        said: [UInt8]
    ) -> SaslStep {
        let attributes = text.split(separator: ",", omittingEmptySubsequences: false)
        guard attributes.count >= 3, attributes[0].hasPrefix("c="), attributes[1].hasPrefix("r="),
            let last = attributes.last, last.hasPrefix("p="),
            attributes[2..<(attributes.count - 1)].allSatisfy(Self.isExtension)
        else { return .failure(reason: "the last SCRAM message is malformed") }
        guard String(attributes[0].dropFirst(2)) == Base64.encode(Array(gs2Header.utf8)) else {
            return .failure(reason: "the channel binding is another than at first")
        }
        let given = Array(attributes[1].dropFirst(2).utf8)
        guard nonces.contains(where: { Secrets.equal($0, given) }) else {
            return .failure(reason: "the nonce is another than the one sent")
        }
        guard let proof = Base64.decode(last.dropFirst(2).utf8), proof.count == hash.byteCount else {
            return .failure(reason: "the proof is malformed")
        }
        let withoutProof = text.utf8.count - last.utf8.count - 1
        let message = said + Array(text.utf8.prefix(withoutProof))
        let credential = lookup.credential
        let signature = hash.authenticate(message, key: credential.storedKey)
        let clientKey = zip(proof, signature).map { $0 ^ $1 }
        let isRight = Secrets.equal(hash.digest(clientKey), credential.storedKey)
        let answer = "v=\(Base64.encode(hash.authenticate(message, key: credential.serverKey)))"
        guard isRight, lookup.isKnown else { return .failure(reason: Self.refusal) }
        return .success(SaslIdentity(name: user), Array(answer.utf8))
    }

    /// A user name in SCRAM's escapes; nil when it is empty or has others.
    private static func name(_ text: Substring) -> String? {
        guard !text.isEmpty, text.utf8.count <= 1024 else { return nil }
        let pieces = text.split(separator: "=", omittingEmptySubsequences: false)
        var name = String(pieces[0])
        for piece in pieces.dropFirst() {
            guard piece.hasPrefix("2C") || piece.hasPrefix("3D") else { return nil }
            name += (piece.hasPrefix("2C") ? "," : "=") + piece.dropFirst(2)
        }
        return name
    }

    private static func isNonce(_ text: Substring) -> Bool {
        (1...1024).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ",") }
    }

    /// A letter (Kafka's own are words), an equals sign, a value.
    private static func isExtension(_ text: Substring) -> Bool {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else { return false }
        return text[..<equals].utf8.allSatisfy { $0 | 0x20 >= 97 && $0 | 0x20 <= 122 }
            && text.index(after: equals) < text.endIndex
    }
}
