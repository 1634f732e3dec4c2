import COpenSSL
private import Glibc

/// The server's side of one TLS connection over a non-blocking socket.
///
/// Used on one thread; the socket stays its owner's.
package final class TLSStream {
    package enum Outcome: Equatable {
        /// So many bytes were read or written; 0 at the end of a handshake.
        case moved(Int)
        /// Go on when the socket has bytes.
        case wantsRead
        /// Go on when the socket takes bytes.
        case wantsWrite
        /// The peer has gone.
        case ended
        case failed(String)
    }

    private let session: OpaquePointer

    package init(_ context: TLSContext, descriptor: Int32) throws(TLSError) {
        ERR_clear_error()
        guard let made = SSL_new(context.pointer) else { throw TLSError.last("make a TLS session") }
        session = made
        guard SSL_set_fd(made, descriptor) == 1 else {
            SSL_free(made)
            throw TLSError.last("make a TLS session")
        }
        SSL_set_accept_state(made)
    }

    deinit { SSL_free(session) }

    package func handshake() -> Outcome {
        ERR_clear_error()
        let status = SSL_do_handshake(session)
        return status == 1 ? .moved(0) : judge(status)
    }

    package func read(into room: UnsafeMutableRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let status = SSL_read_ex(session, room.baseAddress, room.count, &count)
        return status == 1 ? .moved(count) : judge(status)
    }

    /// Writes at most one record.
    ///
    /// After `.wantsWrite` the same bytes, or the same and more, must come again.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        ERR_clear_error()
        var count = 0
        let status = SSL_write_ex(session, bytes.baseAddress, bytes.count, &count)
        return status == 1 ? .moved(count) : judge(status)
    }

    /// Tells the peer that this is the end; call it once, on a connection whose handshake is over.
    package func sendEnd() {
        ERR_clear_error()
        SSL_shutdown(session)
        ERR_clear_error()
    }

    /// The subject of the peer's certificate, which has been verified; nil when it showed none.
    package var peerSubject: String? {
        guard let certificate = SSL_get1_peer_certificate(session) else { return nil }
        defer { X509_free(certificate) }
        return PEM.subject(certificate)
    }

    package var version: String { SSL_get_version(session).map { String(cString: $0) } ?? "" }
    package var cipher: String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(session)).map { String(cString: $0) } ?? ""
    }

    private func judge(_ status: Int32) -> Outcome {
        switch SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL:
            ERR_clear_error()
            return .ended
        default:
            let verdict = SSL_get_verify_result(session)
            let reason = TLSError.reason() ?? "unknown reason"
            guard verdict != Int(X509_V_OK), let why = X509_verify_cert_error_string(verdict) else {
                return .failed(reason)
            }
            return .failed("\(reason): \(String(cString: why))")
        }
    }
}
