/// The login of one connection (KIP-43, KIP-152, KIP-368), as a value: requests in, answers out, the time as an argument.
struct SaslSession {
    /// What a request about the login is answered.
    enum Reply: Equatable {
        /// The mechanism is taken; its messages may come.
        case handshake
        /// Send this to the client; `lifetimeMilliseconds` is 0 but at the end of a login that ends.
        case token([UInt8], lifetimeMilliseconds: Int64)
        /// Look at the password, then call `decided`.
        case checkPassword(user: String, password: [UInt8])
        /// Answer the error and go on: the client may be right later.
        case notNow(String)
        /// Answer the error and close.
        case refused(Refusal, String)
    }

    enum Refusal: Equatable {
        case illegalState
        case unsupportedMechanism
        case failed
    }

    /// What the mechanisms need to know.
    protocol Judges {
        func serverNonce() -> String
        func find(_ user: String, _ mechanism: SaslMechanism) -> ScramExchange.Lookup
        func check(token: String, nowMilliseconds: Int64) throws(TokenRules.Problem) -> SaslIdentity
    }

    private enum Exchange {
        case plain
        case scram(ScramExchange)
        case bearer
        /// The token was no good and the client has been told; whatever it says now, it is refused.
        case bearerRefused(reason: String)
    }

    private enum Phase {
        case start
        case exchanging(Exchange)
        case deciding(user: String)
        case authenticated
        case over
    }

    /// Kafka's bound on how often a client may log in again.
    private static let reauthenticationPauseMilliseconds: Int64 = 1_000

    let mechanisms: [SaslMechanism]
    /// `connections.max.reauth.ms`; 0 for logins that hold as long as the connection.
    let maxLifetimeMilliseconds: Int64
    private var phase = Phase.start
    private var mechanism: SaslMechanism?
    /// Handshake version 0: messages come without Kafka's request header.
    private var isRaw = false
    /// Who is logged in; kept while the client logs in again.
    private(set) var name: String?
    /// Whom the login under way is for, as far as the client has said.
    private(set) var attempted: String?
    /// The mechanism of the login that holds.
    private var loginMechanism: SaslMechanism?
    private var loginMilliseconds: Int64 = 0
    private var endMilliseconds: Int64?

    init(mechanisms: [SaslMechanism], maxLifetimeMilliseconds: Int64) {
        self.mechanisms = mechanisms
        self.maxLifetimeMilliseconds = maxLifetimeMilliseconds
    }

    var isAuthenticated: Bool { if case .authenticated = phase { true } else { false } }

    /// Whether the next frame is a bare SASL message.
    var takesRawMessage: Bool {
        switch phase {
        case .exchanging, .deciding: isRaw
        case .start, .authenticated, .over: false
        }
    }

    /// Whether ApiVersions is answered: it comes before the handshake, or later like any other request.
    var admitsVersionsRequest: Bool {
        switch phase {
        case .start, .authenticated: true
        case .exchanging, .deciding, .over: false
        }
    }

    /// Why another request is not served, nil when it is.
    func refusal(nowMilliseconds: Int64) -> String? {
        guard isAuthenticated else { return "before the client has logged in" }
        guard let endMilliseconds, nowMilliseconds > endMilliseconds else { return nil }
        return "though the login ended \(nowMilliseconds - endMilliseconds) ms ago"
    }

    mutating func handshake(
        _ name: String,
        version: Int16,
        nowMilliseconds: Int64,
        _ judges: some Judges
    ) -> Reply {
        switch phase {
        case .start: break
        case .authenticated:
            guard maxLifetimeMilliseconds > 0 else { return .notNow("the connection is authenticated") }
            guard nowMilliseconds - loginMilliseconds >= Self.reauthenticationPauseMilliseconds else {
                return .notNow("the client logged in less than a second ago")
            }
        case .exchanging, .deciding, .over:
            phase = .over
            return .refused(.illegalState, "a SASL handshake in the middle of a login")
        }
        guard let chosen = SaslMechanism(rawValue: name), mechanisms.contains(chosen) else {
            phase = .over
            return .refused(.unsupportedMechanism, "the mechanism is not enabled")
        }
        guard loginMechanism == nil || loginMechanism == chosen else {
            phase = .over
            return .refused(.failed, "the mechanism must stay the same when logging in again")
        }
        mechanism = chosen
        attempted = nil
        isRaw = version == 0
        switch chosen {
        case .plain: phase = .exchanging(.plain)
        case .oauthBearer: phase = .exchanging(.bearer)
        case .scramSHA256, .scramSHA512:
            guard let exchange = ScramExchange(chosen, serverNonce: judges.serverNonce()) else {
                phase = .over
                return .refused(.unsupportedMechanism, "the mechanism is not enabled")
            }
            phase = .exchanging(.scram(exchange))
        }
        return .handshake
    }

    mutating func authenticate(_ message: [UInt8], nowMilliseconds: Int64, _ judges: some Judges) -> Reply {
        guard case .exchanging(let exchange) = phase, let mechanism else {
            if isAuthenticated { return .notNow("the connection is authenticated") }
            phase = .over
            return .refused(.illegalState, "a SASL message without a handshake before it")
        }
        switch exchange {
        case .plain:
            do throws(PlainMessage.Problem) {
                let plain = try PlainMessage(message)
                attempted = plain.user
                phase = .deciding(user: plain.user)
                return .checkPassword(user: plain.user, password: plain.password)
            } catch {
                return fail(error.reason)
            }
        case .scram(var scram):
            var user: String?
            let step = scram.handle(message) { name in
                user = name
                return judges.find(name, mechanism)
            }
            if let user { attempted = user }
            phase = .exchanging(.scram(scram))
            return take(step, nowMilliseconds)
        case .bearer: return bear(message, nowMilliseconds, judges)
        case .bearerRefused(let reason): return fail(reason)
        }
    }

    /// The outcome of a password check.
    mutating func decided(_ isRight: Bool, nowMilliseconds: Int64) -> Reply {
        guard case .deciding(let user) = phase else { return fail("no password was being looked at") }
        guard isRight else { return fail(ScramExchange.refusal) }
        return take(.success(SaslIdentity(name: user), []), nowMilliseconds)
    }

    private mutating func bear(_ message: [UInt8], _ now: Int64, _ judges: some Judges) -> Reply {
        let bearer: BearerMessage
        do throws(BearerMessage.Problem) {
            bearer = try BearerMessage(message)
        } catch {
            return fail(error.reason)
        }
        do throws(TokenRules.Problem) {
            let identity = try judges.check(token: bearer.token, nowMilliseconds: now)
            guard bearer.actor == nil || bearer.actor == identity.name else {
                return fail("acting for another user is not served")
            }
            return take(.success(identity, []), now)
        } catch {
            // The client must hear why in a message of the mechanism, and answer it, before it is refused (RFC 7628, 3.2).
            phase = .exchanging(.bearerRefused(reason: error.reason))
            return .token(Array(#"{"status":"invalid_token"}"#.utf8), lifetimeMilliseconds: 0)
        }
    }

    private mutating func take(_ step: SaslStep, _ now: Int64) -> Reply {
        switch step {
        case .challenge(let bytes): return .token(bytes, lifetimeMilliseconds: 0)
        case .checkPassword(let user, let password): return .checkPassword(user: user, password: password)
        case .failure(let reason): return fail(reason)
        case .success(let identity, let bytes):
            guard name == nil || name == identity.name else {
                return fail("the user must stay the same when logging in again")
            }
            name = identity.name
            loginMechanism = mechanism
            loginMilliseconds = now
            phase = .authenticated
            endMilliseconds = nil
            guard maxLifetimeMilliseconds > 0 else { return .token(bytes, lifetimeMilliseconds: 0) }
            let left = identity.expiresMilliseconds.map { max(1, $0 &- now) } ?? maxLifetimeMilliseconds
            let lifetime = min(left, maxLifetimeMilliseconds)
            endMilliseconds = now &+ lifetime
            return .token(bytes, lifetimeMilliseconds: lifetime)
        }
    }

    private mutating func fail(_ reason: String) -> Reply {
        phase = .over
        return .refused(.failed, reason)
    }
}
