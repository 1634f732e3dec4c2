package import TLS

/// What is asked of whoever connects to one listening socket.
package final class Endpoint: Sendable {
    /// The listener's name, for log lines and the handlers.
    package let name: String
    /// Set when connections are encrypted; the certificate may change while it is.
    package let tls: TLSIdentity?
    /// Set when a client must log in before it is served: the largest frame until then.
    package let loginFrameBytesMax: Int?
    /// Time for TLS handshake and login together.
    package let setupMilliseconds: Int64

    package init(
        name: String,
        tls: TLSIdentity? = nil,
        loginFrameBytesMax: Int? = nil,
        setupMilliseconds: Int64 = 10_000
    ) {
        self.name = name
        self.tls = tls
        self.loginFrameBytesMax = loginFrameBytesMax
        self.setupMilliseconds = setupMilliseconds
    }

    /// No encryption, no login.
    package static let open = Endpoint(name: "PLAINTEXT")
}
