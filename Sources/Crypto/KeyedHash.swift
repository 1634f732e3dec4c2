import COpenSSL

/// Hashes for passwords and keys; not for the data path.
package enum KeyedHash: Sendable, CaseIterable {
    case sha256
    case sha512

    package var byteCount: Int { self == .sha256 ? 32 : 64 }

    private var algorithm: OpaquePointer? { self == .sha256 ? EVP_sha256() : EVP_sha512() }

    package func digest(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let status = EVP_Digest(bytes, bytes.count, buffer.baseAddress, nil, algorithm, nil)
            precondition(status == 1, "OpenSSL has no \(self)")
            count = byteCount
        }
    }

    /// HMAC (RFC 2104).
    package func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let made = HMAC(
                algorithm,
                key,
                Int32(clamping: key.count),
                message,
                message.count,
                buffer.baseAddress,
                nil
            )
            precondition(made != nil, "OpenSSL has no HMAC of \(self)")
            count = byteCount
        }
    }

    /// PBKDF2 (RFC 8018) with HMAC; takes the time that `iterations` asks for.
    package func derive(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        let text = password.map { CChar(bitPattern: $0) }
        return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            let status = PKCS5_PBKDF2_HMAC(
                text,
                Int32(clamping: text.count),
                salt,
                Int32(clamping: salt.count),
                Int32(clamping: iterations),
                algorithm,
                Int32(byteCount),
                buffer.baseAddress
            )
            precondition(status == 1, "OpenSSL has no PBKDF2")
            count = byteCount
        }
    }
}
