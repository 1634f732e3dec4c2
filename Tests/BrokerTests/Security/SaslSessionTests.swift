import Clocks
import Crypto
import Testing

@testable import Broker

/// Two users with known passwords, and tokens that are names.
private struct Book: SaslSession.Judges {
    static let credential = ScramCredential(password: Array("right".utf8), salt: [1, 2, 3], iterations: 4096, .sha256)

    func serverNonce() -> String { "server" }

    func find(_ user: String, _ mechanism: SaslMechanism) -> ScramExchange.Lookup {
        .init(credential: Self.credential, isKnown: user == "alice" || user == "bob")
    }

    func check(token: String, nowMilliseconds: Int64) throws(TokenRules.Problem) -> SaslIdentity {
        guard token == "alice" || token == "bob" else { throw TokenRules.Problem("no such token") }
        return SaslIdentity(name: token, expiresMilliseconds: 500_000)
    }

    func plain(_ user: String, _ password: String = "right") -> [UInt8] { Array("\0\(user)\0\(password)".utf8) }
    func bearer(_ token: String) -> [UInt8] { Array("n,,\u{1}auth=Bearer \(token)\u{1}\u{1}".utf8) }
}

@Suite struct SaslSessionTests {
    private let book = Book()

    private func session(reauthentication: Int64 = 0) -> SaslSession {
        SaslSession(mechanisms: [.plain, .scramSHA256, .oauthBearer], maxLifetimeMilliseconds: reauthentication)
    }

    private func logIn(_ session: inout SaslSession, _ user: String, at now: Int64, _ isRight: Bool = true)
        -> SaslSession.Reply
    {
        let first = session.handshake("PLAIN", version: 1, nowMilliseconds: now, book)
        guard first == .handshake else { return first }
        let second = session.authenticate(book.plain(user), nowMilliseconds: now, book)
        guard case .checkPassword = second else { return second }
        return session.decided(isRight, nowMilliseconds: now)
    }

    @Test func `nothing is served before the login, and everything after it`() {
        var session = session()
        #expect(session.refusal(nowMilliseconds: 0) != nil && session.admitsVersionsRequest)
        #expect(logIn(&session, "alice", at: 0) == .token([], lifetimeMilliseconds: 0))
        #expect(session.refusal(nowMilliseconds: .max) == nil && session.name == "alice")
        #expect(
            session.handshake("PLAIN", version: 1, nowMilliseconds: 5_000, book)
                == .notNow("the connection is authenticated")
        )
        #expect(session.isAuthenticated)
    }

    @Test func `a message without a handshake, a second handshake and an unknown mechanism end it`() {
        var first = session()
        guard case .refused(.illegalState, _) = first.authenticate(book.plain("alice"), nowMilliseconds: 0, book) else {
            return #expect(Bool(false))
        }
        var second = session()
        #expect(second.handshake("PLAIN", version: 1, nowMilliseconds: 0, book) == .handshake)
        guard case .refused(.illegalState, _) = second.handshake("PLAIN", version: 1, nowMilliseconds: 0, book) else {
            return #expect(Bool(false))
        }
        var third = session()
        for name in ["GSSAPI", "SCRAM-SHA-512", "plain", ""] {
            var copy = third
            guard case .refused(.unsupportedMechanism, _) = copy.handshake(name, version: 1, nowMilliseconds: 0, book)
            else {
                return #expect(Bool(false), "\(name)")
            }
        }
        #expect(logIn(&third, "alice", at: 0, false) == .refused(.failed, ScramExchange.refusal))
        guard case .refused = logIn(&third, "alice", at: 0) else {
            return #expect(Bool(false), "went on after a failure")
        }
        #expect(!third.isAuthenticated && third.name == nil)
    }

    @Test func `a login ends after its time and is renewed by the same user alone`() {
        var session = session(reauthentication: 60_000)
        #expect(logIn(&session, "alice", at: 0) == .token([], lifetimeMilliseconds: 60_000))
        #expect(session.refusal(nowMilliseconds: 60_000) == nil && session.refusal(nowMilliseconds: 60_001) != nil)
        #expect(logIn(&session, "alice", at: 900) == .notNow("the client logged in less than a second ago"))
        #expect(session.refusal(nowMilliseconds: 900) == nil)
        #expect(logIn(&session, "alice", at: 61_000) == .token([], lifetimeMilliseconds: 60_000))
        #expect(session.refusal(nowMilliseconds: 121_000) == nil)
        var other = session
        guard case .refused(.failed, _) = logIn(&other, "bob", at: 70_000) else { return #expect(Bool(false)) }
        #expect(!other.isAuthenticated && other.name == "alice")
        guard case .refused(.failed, _) = session.handshake("OAUTHBEARER", version: 1, nowMilliseconds: 70_000, book)
        else {
            return #expect(Bool(false), "another mechanism")
        }
    }

    @Test func `a token's end is the login's end, and a bad token is answered before it is refused`() {
        var session = session(reauthentication: 1_000_000)
        #expect(session.handshake("OAUTHBEARER", version: 1, nowMilliseconds: 400_000, book) == .handshake)
        let reply = session.authenticate(book.bearer("alice"), nowMilliseconds: 400_000, book)
        #expect(reply == .token([], lifetimeMilliseconds: 100_000))
        var other = self.session()
        #expect(other.handshake("OAUTHBEARER", version: 1, nowMilliseconds: 0, book) == .handshake)
        let answer = other.authenticate(book.bearer("mallory"), nowMilliseconds: 0, book)
        #expect(answer == .token(Array(#"{"status":"invalid_token"}"#.utf8), lifetimeMilliseconds: 0))
        #expect(
            other.authenticate(book.bearer("alice"), nowMilliseconds: 0, book) == .refused(.failed, "no such token")
        )
    }

    @Test func `version 0 of the handshake brings bare messages until the login is over`() {
        var session = session()
        #expect(!session.takesRawMessage)
        #expect(session.handshake("PLAIN", version: 0, nowMilliseconds: 0, book) == .handshake)
        #expect(session.takesRawMessage)
        _ = session.authenticate(book.plain("alice"), nowMilliseconds: 0, book)
        #expect(session.takesRawMessage)
        _ = session.decided(true, nowMilliseconds: 0)
        #expect(!session.takesRawMessage && session.isAuthenticated)
    }

    /// Whatever comes in whatever order: nobody is logged in without the right password or token of that name.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func `no order of messages logs in without the right password`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var session = session(reauthentication: Bool.random(using: &random) ? 5_000 : 0)
        var now: Int64 = 0
        var earned: Set<String> = []
        var challenge: [UInt8] = []
        var client = ScramClient(hash: .sha256, user: "alice", password: "right")
        for _ in 0..<40 {
            now += Int64.random(in: 0...3_000, using: &random)
            var reply: SaslSession.Reply
            switch Int.random(in: 0...6, using: &random) {
            case 0, 1:
                let name = ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "NONE"].randomElement(using: &random) ?? ""
                reply = session.handshake(
                    name,
                    version: Int16.random(in: 0...1, using: &random),
                    nowMilliseconds: now,
                    book
                )
            case 2: reply = session.authenticate(book.plain("bob"), nowMilliseconds: now, book)
            case 3:
                let name = ["alice", "bob", "eve"].randomElement(using: &random) ?? ""
                reply = session.authenticate(book.bearer(name), nowMilliseconds: now, book)
                if case .token(let bytes, _) = reply, bytes.isEmpty { earned.insert(name) }
            case 4:
                client = ScramClient(
                    hash: .sha256,
                    user: ["alice", "eve"].randomElement(using: &random) ?? "",
                    password: ["right", "wrong"].randomElement(using: &random) ?? ""
                )
                reply = session.authenticate(client.first, nowMilliseconds: now, book)
                if case .token(let bytes, _) = reply { challenge = bytes }
            case 5 where !challenge.isEmpty:
                let (message, answer) = client.final(challenge)
                reply = session.authenticate(message, nowMilliseconds: now, book)
                if case .token(answer, _) = reply {
                    #expect(client.password == "right")
                    earned.insert(client.user)
                }
            default:
                let isRight = Bool.random(using: &random)
                reply = session.decided(isRight, nowMilliseconds: now)
                if isRight, case .token = reply { earned.insert("bob") }
            }
            if case .refused = reply { #expect(!session.isAuthenticated) }
            if session.isAuthenticated { #expect(earned.contains(session.name ?? "") && session.name != "eve") }
            if session.refusal(nowMilliseconds: now) == nil { #expect(session.isAuthenticated) }
        }
    }
}
