import COpenSSL

/// Reads certificates and keys in their text form.
enum PEM {
    final class Certificate {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { X509_free(pointer) }
    }

    final class Key {
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { EVP_PKEY_free(pointer) }
    }

    /// A chain longer than this is a mistake.
    private static let certificatesMax = 1000

    /// At least one certificate.
    static func certificates(_ bytes: [UInt8], _ what: String) throws(TLSError) -> [Certificate] {
        ERR_clear_error()
        guard let memory = BIO_new_mem_buf(bytes, Int32(clamping: bytes.count)) else { throw TLSError.last(what) }
        defer { BIO_free(memory) }
        var found: [Certificate] = []
        while found.count < certificatesMax, let next = PEM_read_bio_X509(memory, nil, noPassword, nil) {
            found.append(Certificate(next))
        }
        let code = ERR_peek_last_error()
        // The end of the text shows as "no start line".
        let isEnd = code == 0 || code & 0x7f_ffff == UInt(PEM_R_NO_START_LINE)
        guard isEnd else { throw TLSError.last("\(what): certificate \(found.count + 1)") }
        ERR_clear_error()
        guard !found.isEmpty else { throw TLSError("\(what): there is no certificate in PEM form") }
        return found
    }

    static func privateKey(_ bytes: [UInt8], _ password: String?) throws(TLSError) -> Key {
        ERR_clear_error()
        guard let memory = BIO_new_mem_buf(bytes, Int32(clamping: bytes.count)) else { throw TLSError.last("key") }
        defer { BIO_free(memory) }
        var made: OpaquePointer?
        if let password {
            // With no callback OpenSSL takes the last argument as the password itself.
            var text = Array(password.utf8CString)
            made = text.withUnsafeMutableBytes { PEM_read_bio_PrivateKey(memory, nil, nil, $0.baseAddress) }
        } else {
            made = PEM_read_bio_PrivateKey(memory, nil, noPassword, nil)
        }
        guard let made else { throw TLSError.last("key cannot be read; a password may be missing or wrong") }
        return Key(made)
    }

    /// The distinguished name as RFC 2253 writes it, which is also how Java and so Kafka's ACLs write it.
    static func subject(_ certificate: OpaquePointer) -> String {
        guard let name = X509_get_subject_name(certificate), let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        // XN_FLAG_RFC2253, which Swift does not see, without the escape of text beyond ASCII.
        let text = ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT
        let dumps = ASN1_STRFLGS_DUMP_UNKNOWN | ASN1_STRFLGS_DUMP_DER
        let order = XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_DN_REV
        let flags = UInt(text | dumps) | UInt(order) | UInt(XN_FLAG_DUMP_UNKNOWN_FIELDS)
        X509_NAME_print_ex(memory, name, 0, flags)
        return Self.text(memory)
    }

    static func expiry(_ certificate: OpaquePointer) -> String {
        guard let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        ASN1_TIME_print(memory, X509_get0_notAfter(certificate))
        return Self.text(memory)
    }

    private static func text(_ memory: OpaquePointer) -> String {
        var block = [UInt8](repeating: 0, count: 4096)
        let count = BIO_read(memory, &block, Int32(block.count))
        return String(decoding: block.prefix(Int(max(0, count))), as: UTF8.self)
    }
}

/// OpenSSL would ask at the terminal.
private func noPassword(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int32,
    _ isWriting: Int32,
    _ context: UnsafeMutableRawPointer?
) -> Int32 { -1 }
