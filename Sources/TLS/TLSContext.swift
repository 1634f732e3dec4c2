import COpenSSL

/// Certificate, key and rules of a TLS server, ready for connections; immutable, so reloading makes a new one.
package final class TLSContext: @unchecked Sendable {
    // Sendable holds: nothing is changed after `init`, and OpenSSL counts its references atomically.

    let pointer: OpaquePointer
    /// Of our own certificate, as RFC 2253 writes it.
    package let subject: String
    /// The day our certificate ends, as OpenSSL writes it.
    package let expiry: String
    package let isExpired: Bool

    /// - Throws: `TLSError` that names the part which cannot be used.
    package init(_ configuration: TLSConfiguration) throws(TLSError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw TLSError.last("make a TLS context") }
        do throws(TLSError) {
            let chain = try PEM.certificates(configuration.certificateChain, "certificate chain")
            try Self.set(configuration, chain, on: context)
            subject = PEM.subject(chain[0].pointer)
            expiry = PEM.expiry(chain[0].pointer)
            isExpired = X509_cmp_current_time(X509_get0_notAfter(chain[0].pointer)) < 0
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        pointer = context
    }

    deinit { SSL_CTX_free(pointer) }

    private static func set(
        _ configuration: TLSConfiguration,
        _ chain: [PEM.Certificate],
        on context: OpaquePointer
    ) throws(TLSError) {
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
        // No resumption: connections live long, and a certificate is looked at anew with each.
        let bit: (Int) -> UInt64 = { 1 << UInt64($0) }
        let noRenegotiation = bit(30)
        let (noCompression, noTicket, serverPreference, ignoresUnexpectedEnd) = (bit(17), bit(14), bit(22), bit(7))
        SSL_CTX_set_options(
            context,
            noRenegotiation | noCompression | noTicket | serverPreference | ignoresUnexpectedEnd
        )
        SSL_CTX_set_num_tickets(context, 0)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        // Several records leave the socket in one call.
        SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        SSL_CTX_set_default_read_buffer_len(context, 64 << 10)
        let versions = configuration.versions
        guard let lowest = versions.contains(.v12) ? TLS1_2_VERSION : versions.contains(.v13) ? TLS1_3_VERSION : nil
        else { throw TLSError("no TLS version is enabled") }
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(lowest), nil)
        SSL_CTX_ctrl(
            context,
            SSL_CTRL_SET_MAX_PROTO_VERSION,
            Int(versions.contains(.v13) ? TLS1_3_VERSION : TLS1_2_VERSION),
            nil
        )
        try setCiphers(configuration.cipherSuites, on: context)
        guard SSL_CTX_use_certificate(context, chain[0].pointer) == 1 else { throw TLSError.last("certificate") }
        for certificate in chain.dropFirst() {
            // 1: OpenSSL takes a reference of its own.
            guard SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate.pointer)) == 1
            else { throw TLSError.last("certificate chain") }
        }
        let key = try PEM.privateKey(configuration.key, configuration.keyPassword)
        guard SSL_CTX_use_PrivateKey(context, key.pointer) == 1, SSL_CTX_check_private_key(context) == 1 else {
            throw TLSError.last("key does not belong to the certificate")
        }
        try setTrust(configuration, on: context)
    }

    private static func setCiphers(_ names: [String], on context: OpaquePointer) throws(TLSError) {
        guard !names.isEmpty else { return }
        let modern = names.filter { $0.hasPrefix("TLS_AES") || $0.hasPrefix("TLS_CHACHA20") }
        let older = names.filter { !modern.contains($0) }
        guard modern.isEmpty || SSL_CTX_set_ciphersuites(context, modern.joined(separator: ":")) == 1 else {
            throw TLSError.last("cipher suites \(modern.joined(separator: ","))")
        }
        guard older.isEmpty || SSL_CTX_set_cipher_list(context, older.joined(separator: ":")) == 1 else {
            throw TLSError.last("cipher suites \(older.joined(separator: ","))")
        }
    }

    private static func setTrust(_ configuration: TLSConfiguration, on context: OpaquePointer) throws(TLSError) {
        guard configuration.clientCertificate != .none else { return }
        guard let bytes = configuration.trusted else { throw TLSError("client certificates need a trust store") }
        guard let store = SSL_CTX_get_cert_store(context) else { throw TLSError.last("trust store") }
        for certificate in try PEM.certificates(bytes, "trust store") {
            guard X509_STORE_add_cert(store, certificate.pointer) == 1 else { throw TLSError.last("trust store") }
            // Tells clients with several certificates which one to show.
            SSL_CTX_add_client_CA(context, certificate.pointer)
        }
        let refuse = configuration.clientCertificate == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | refuse, nil)
    }
}
