import EventLoop
import KafkaProtocol

/// SaslAuthenticate 0–2 (KIP-152, lifetime of a login KIP-368): one message of a login.
///
/// What the client is told of a failure is the same for a wrong password and a user that does not exist; the log has the
/// reason.
enum SaslAuthenticateHandler: Handler {
    typealias Request = SaslAuthenticateRequest
    typealias Response = SaslAuthenticateResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        exchange.session.authenticate(request.authBytes) { reply in answer(reply, exchange) }
    }

    private static func answer(_ reply: SaslSession.Reply, _ exchange: Exchange<Response>) {
        var response = Response()
        switch reply {
        case .token(let bytes, let lifetime):
            response.authBytes = bytes
            response.sessionLifetimeMilliseconds = lifetime
            exchange.answer(response)
        case .notNow(let reason):
            response.errorCode = .illegalSaslState
            response.errorMessage = "SaslAuthenticate is not expected now: \(reason)."
            exchange.answer(response)
        case .refused(let refusal, let reason):
            response.errorCode = refusal.code
            response.errorMessage =
                refusal == .failed ? exchange.session.failureMessage : "SaslAuthenticate is not expected now."
            exchange.answerLast(response, ConnectionFault(exchange.session.loginFault(reason)))
        case .handshake, .checkPassword: exchange.responder.fail(ConnectionFault("login: no answer"))
        }
    }
}
