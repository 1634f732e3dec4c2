import COpenSSL

/// Why a certificate, a key or a handshake is no good, in OpenSSL's words and what we were doing.
package struct TLSError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// Takes the thread's oldest OpenSSL error.
    static func last(_ operation: String) -> TLSError { TLSError("\(operation): \(reason() ?? "unknown reason")") }

    /// Empties the thread's queue of errors, which must be empty before the next call is judged by it.
    static func reason() -> String? {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return nil }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "OpenSSL error \(code)"
    }
}
