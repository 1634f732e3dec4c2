import Clocks
import Crypto
import TestSupport
import Testing

@testable import Broker

/// A client of SCRAM, for tests: it does what RFC 5802 says, or one thing else.
struct ScramClient {
    let hash: KeyedHash
    let user: String
    let password: String
    var header = "n,,"
    var nonce = "rOprNGfwEbeRWgbNEkqO"

    var bare: String { "n=\(user),r=\(nonce)" }
    var first: [UInt8] { Array((header + bare).utf8) }

    /// The last message, and what the server must answer it.
    func final(_ challenge: [UInt8], binding: String? = nil, nonce: String? = nil) -> (
        message: [UInt8], answer: [UInt8]
    ) {
        let said = String(decoding: challenge, as: UTF8.self)
        let parts = said.split(separator: ",").map { String($0.dropFirst(2)) }
        let salt = Base64.decode(parts[1].utf8) ?? []
        let salted = hash.derive(password: Array(password.utf8), salt: salt, iterations: Int(parts[2]) ?? 1)
        let clientKey = hash.authenticate(Array("Client Key".utf8), key: salted)
        let start = "c=\(binding ?? Base64.encode(Array(header.utf8))),r=\(nonce ?? parts[0])"
        let all = Array("\(bare),\(said),\(start)".utf8)
        let signature = hash.authenticate(all, key: hash.digest(clientKey))
        let proof = Base64.encode(zip(clientKey, signature).map { $0 ^ $1 })
        let serverKey = hash.authenticate(Array("Server Key".utf8), key: salted)
        let verifier = Base64.encode(hash.authenticate(all, key: serverKey))
        return (Array("\(start),p=\(proof)".utf8), Array("v=\(verifier)".utf8))
    }
}

@Suite struct ScramExchangeTests {
    private static let salt = Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ==".utf8) ?? []

    private func find(_ user: String, _ hash: KeyedHash = .sha256) -> ScramExchange.Lookup {
        let credential = ScramCredential(password: Array("pencil".utf8), salt: Self.salt, iterations: 4096, hash)
        return .init(credential: credential, isKnown: user == "user" || user == "a,b=c")
    }

    private func exchange(_ mechanism: SaslMechanism = .scramSHA256) throws -> ScramExchange {
        try #require(ScramExchange(mechanism, serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"))
    }

    @Test func `the example of RFC 7677 runs as printed there`() throws {
        var server = try exchange()
        let first = server.handle(Array("n,,n=user,r=rOprNGfwEbeRWgbNEkqO".utf8)) { find($0) }
        #expect(
            first
                == .challenge(
                    Array(
                        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".utf8
                    )
                )
        )
        let last = server.handle(
            Array(
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
                    .utf8
            )
        ) { find($0) }
        #expect(
            last
                == .success(
                    SaslIdentity(name: "user"),
                    Array("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".utf8)
                )
        )
    }

    @Test(arguments: [SaslMechanism.scramSHA256, .scramSHA512], ["n,,", "y,,", "n,a=user,"])
    func `a client that does as it should is let in`(mechanism: SaslMechanism, header: String) throws {
        let hash = try #require(mechanism.hash)
        var server = try exchange(mechanism)
        let client = ScramClient(hash: hash, user: "user", password: "pencil", header: header)
        guard case .challenge(let challenge) = server.handle(client.first, find: { find($0, hash) }) else {
            return #expect(Bool(false), "no challenge")
        }
        let (message, answer) = client.final(challenge)
        #expect(server.handle(message) { find($0, hash) } == .success(SaslIdentity(name: "user"), answer))
        guard case .failure = server.handle(message, find: { find($0, hash) }) else {
            return #expect(Bool(false), "the last message was taken twice")
        }
    }

    @Test func `the nonce of librdkafka before 2 2, its own part twice, is taken`() throws {
        var server = try exchange()
        let client = ScramClient(hash: .sha256, user: "user", password: "pencil")
        guard case .challenge(let challenge) = server.handle(client.first, find: { find($0) }) else {
            return #expect(Bool(false), "no challenge")
        }
        let nonce = "\(client.nonce)\(client.nonce)%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        let (message, answer) = client.final(challenge, nonce: nonce)
        #expect(server.handle(message) { find($0) } == .success(SaslIdentity(name: "user"), answer))
    }

    @Test func `commas and equals signs in a name are written as RFC 5802 wants`() throws {
        var server = try exchange()
        let client = ScramClient(hash: .sha256, user: "a=2Cb=3Dc", password: "pencil")
        guard case .challenge(let challenge) = server.handle(client.first, find: { find($0) }) else {
            return #expect(Bool(false), "no challenge")
        }
        let (message, answer) = client.final(challenge)
        #expect(server.handle(message) { find($0) } == .success(SaslIdentity(name: "a,b=c"), answer))
    }

    @Test(arguments: [
        "", "n", "n,,", "n=user,r=abc", "p=tls-unique,,n=user,r=abc", "x,,n=user,r=abc", "n,b=x,n=user,r=abc",
        "n,,m=x,n=user,r=abc", "n,,n=,r=abc", "n,,n=a=b,r=abc", "n,,n=a=2cb,r=abc", "n,,n=user,r=", "n,,n=user,r=a b",
        "n,,n=user,s=abc", "n,,r=abc,n=user", "n,,n=user,r=abc,tokenauth=true", "n,,n=user,r=abc,1=x",
        "n,,n=user,r=abc,x=",
        "n,a=other,n=user,r=abc", "n,,n=user,r=a\u{7f}", "n,,n=user\0,r=abc",
    ])
    func `a wrong first message ends the login`(text: String) throws {
        var server = try exchange()
        guard case .failure = server.handle(Array(text.utf8), find: { find($0) }) else {
            return #expect(Bool(false), "taken")
        }
        let right = ScramClient(hash: .sha256, user: "user", password: "pencil")
        guard case .failure = server.handle(right.first, find: { find($0) }) else {
            return #expect(Bool(false), "taken after a wrong one")
        }
    }

    enum Fault: CaseIterable {
        case password, user, binding, bindingFlag, nonce, emptyNonce, clientNonceOnly, cutProof, noProof, order
        case doubleProof, extraAfterProof, notBase64
    }

    @Test(arguments: Fault.allCases)
    func `a wrong last message is refused`(fault: Fault) throws {
        var server = try exchange()
        let client = ScramClient(
            hash: .sha256,
            user: fault == .user ? "nobody" : "user",
            password: fault == .password ? "crayon" : "pencil"
        )
        guard case .challenge(let challenge) = server.handle(client.first, find: { find($0) }) else {
            return #expect(Bool(false), "no challenge")
        }
        let right = String(decoding: client.final(challenge).message, as: UTF8.self)
        func with(binding: String? = nil, nonce: String? = nil) -> String {
            String(decoding: client.final(challenge, binding: binding, nonce: nonce).message, as: UTF8.self)
        }
        let text =
            switch fault {
            case .password, .user: right
            case .binding: with(binding: Base64.encode(Array("n,,x".utf8)))
            case .bindingFlag: with(binding: Base64.encode(Array("y,,".utf8)))
            case .nonce: with(nonce: client.nonce + "another")
            case .emptyNonce: with(nonce: "")
            case .clientNonceOnly: with(nonce: client.nonce)
            case .cutProof: String(right.dropLast(4))
            case .noProof: String(right[..<(right.firstRange(of: ",p=")?.lowerBound ?? right.endIndex)])
            case .order: right.split(separator: ",").reversed().joined(separator: ",")
            case .doubleProof: right + right.suffix(47)
            case .extraAfterProof: right + ",x=y"
            case .notBase64: String(right.dropLast(2)) + "!="
            }
        guard case .failure(let reason) = server.handle(Array(text.utf8), find: { find($0) }) else {
            return #expect(Bool(false), "\(fault) was taken")
        }
        // Nobody learns whether the user exists.
        if fault == .password || fault == .user { #expect(reason == ScramExchange.refusal) }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `one flipped bit of the right last message is never taken`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var server = try exchange()
        let client = ScramClient(hash: .sha256, user: "user", password: "pencil")
        guard case .challenge(let challenge) = server.handle(client.first, find: { find($0) }) else {
            return #expect(Bool(false), "no challenge")
        }
        var message = client.final(challenge).message
        message[Int.random(in: 0..<message.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        guard case .failure = server.handle(message, find: { find($0) }) else {
            return #expect(Bool(false), "taken: \(String(decoding: message, as: UTF8.self))")
        }
    }

    @Test func `an unknown user is shown the same salt each time, and as many rounds as the others`() throws {
        let directory = try TemporaryDirectory()
        let users = try ScramUsers(directory: directory.path)
        let credential = ScramCredential(password: [1], salt: Array(repeating: 7, count: 20), iterations: 9000, .sha256)
        try users.change { $0["alice"] = [.scramSHA256: credential] }
        let first = users.find("nobody", .scramSHA256)
        #expect(!first.isKnown && first.credential.iterations == 9000 && first.credential.salt.count == 20)
        #expect(users.find("nobody", .scramSHA256).credential == first.credential)
        #expect(users.find("somebody", .scramSHA256).credential.salt != first.credential.salt)
        let again = try ScramUsers(directory: directory.path)
        #expect(again.find("nobody", .scramSHA256).credential == first.credential)
        #expect(again.find("alice", .scramSHA256).credential == credential)
    }
}
