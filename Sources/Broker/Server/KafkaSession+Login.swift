import Bytes
import Clocks
import EventLoop
import KafkaProtocol
import Telemetry

extension KafkaSession {
    /// What the client is told of a login that failed, whatever the reason.
    var failureMessage: String {
        "Authentication failed during authentication due to invalid credentials with SASL mechanism \(mechanismName)"
    }

    /// What the log is told: also who tried, which the client knows anyway.
    func loginFault(_ reason: String) -> String {
        let who = login?.attempted.map { " as \($0)" } ?? ""
        return "login by \(mechanismName.isEmpty ? "SASL" : mechanismName)\(who): \(reason)"
    }

    private var nowMilliseconds: Int64 { services.clock.wallMilliseconds }

    /// Refuses what may not come at this point of a login.
    ///
    /// - Throws: Why the connection must be closed.
    func checkLogin(_ key: APIKey) throws(ConnectionFault) {
        guard let login else { return }
        switch key {
        case .saslHandshake, .saslAuthenticate: return
        case .apiVersions where login.admitsVersionsRequest: return
        default:
            guard let reason = login.refusal(nowMilliseconds: nowMilliseconds) else { return }
            throw ConnectionFault("\(key.name) \(reason)")
        }
    }

    func handshake(_ mechanism: String, version: Int16) -> SaslSession.Reply {
        guard let judges = listener.login, login != nil else { return .notNow("the listener asks for no login") }
        let now = nowMilliseconds
        let reply = login?.handshake(mechanism, version: version, nowMilliseconds: now, judges)
        if reply == .handshake { mechanismName = mechanism }
        return reply ?? .notNow("the listener asks for no login")
    }

    /// Takes one message of the mechanism; the reply comes on the connection's loop, now or later.
    func authenticate(_ message: [UInt8], _ reply: @escaping @Sendable (SaslSession.Reply) -> Void) {
        guard let judges = listener.login, login != nil else {
            return reply(.notNow("the listener asks for no login"))
        }
        let now = nowMilliseconds
        guard let first = login?.authenticate(message, nowMilliseconds: now, judges) else { return }
        guard case .checkPassword(let user, let password) = first else { return finish(first, reply) }
        let loop = connection.loop
        judges.checks.post { [self] in
            let isRight = judges.passwords.accepts(user, password)
            loop.post { [self] in
                guard let second = login?.decided(isRight, nowMilliseconds: nowMilliseconds) else { return }
                finish(second, reply)
            }
        }
    }

    private func finish(_ answer: SaslSession.Reply, _ reply: @escaping @Sendable (SaslSession.Reply) -> Void) {
        if case .token = answer, let name = login?.name, login?.isAuthenticated == true {
            principal = Principal(name: name)
            connection.loggedIn()
            services.metrics.loginsTaken.add()
        }
        guard case .refused = answer, let delay = listener.login?.failureDelayMilliseconds else { return reply(answer) }
        services.metrics.loginsRefused.add()
        // Whoever tries passwords waits for each.
        _ = connection.loop.schedule(afterMilliseconds: delay) { reply(answer) }
    }

    /// Takes a frame that is a bare message of the mechanism, as after a handshake of version 0.
    func takeRaw(_ frame: UnsafeRawBufferPointer, _ responder: Responder) {
        authenticate(Array(frame)) { reply in
            switch reply {
            case .token(let bytes, _):
                var writer = ByteWriter()
                writer.writeInt32(Int32(clamping: bytes.count))
                writer.writeBytes(bytes)
                responder.send([OutputChunk(writer.finish())])
            case .refused(_, let reason): responder.fail(ConnectionFault(self.loginFault(reason)))
            case .notNow, .handshake, .checkPassword: responder.fail(ConnectionFault("login: an unexpected message"))
            }
        }
    }
}
