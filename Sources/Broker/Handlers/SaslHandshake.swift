import EventLoop
import KafkaProtocol

/// SaslHandshake 0–1 (KIP-43, KIP-152): a client says how it will log in.
///
/// After version 0 the messages of the mechanism come as bare frames; after version 1 in SaslAuthenticate.
enum SaslHandshakeHandler: Handler {
    typealias Request = SaslHandshakeRequest
    typealias Response = SaslHandshakeResponse

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        var response = Response()
        let session = exchange.session
        response.mechanisms = session.listener.login?.mechanisms.map(\.rawValue) ?? []
        switch session.handshake(request.mechanism, version: exchange.version) {
        case .refused(let refusal, let reason):
            response.errorCode = refusal.code
            exchange.answerLast(response, ConnectionFault("login by \(request.mechanism): \(reason)"))
        case .notNow:
            response.errorCode = .illegalSaslState
            exchange.answer(response)
        case .handshake, .token, .checkPassword: exchange.answer(response)
        }
    }
}

extension SaslSession.Refusal {
    var code: ErrorCode {
        switch self {
        case .illegalState: .illegalSaslState
        case .unsupportedMechanism: .unsupportedSaslMechanism
        case .failed: .saslAuthenticationFailed
        }
    }
}
