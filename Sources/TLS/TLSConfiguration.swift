/// What a TLS listener shows and asks for; certificates and keys in PEM form.
package struct TLSConfiguration: Sendable, Equatable {
    /// Whether clients show a certificate.
    package enum ClientCertificate: String, Sendable, CaseIterable {
        case none
        case requested
        case required
    }

    package enum Version: String, Sendable, CaseIterable {
        case v12 = "TLSv1.2"
        case v13 = "TLSv1.3"
    }

    /// Our certificate, then those that lead to the root.
    package var certificateChain: [UInt8]
    package var key: [UInt8]
    /// Opens an encrypted key.
    package var keyPassword: String?
    /// The certificates that clients' certificates must lead to.
    package var trusted: [UInt8]?
    package var clientCertificate: ClientCertificate = .none
    package var versions: Set<Version> = Set(Version.allCases)
    /// Names for both protocol versions, as OpenSSL or the standard has them; empty for OpenSSL's choice.
    package var cipherSuites: [String] = []

    package init(certificateChain: [UInt8], key: [UInt8]) {
        self.certificateChain = certificateChain
        self.key = key
    }
}
