import COpenSSL

/// A public key that signatures are checked with; the key decides the algorithm, not who signed (RFC 8725, 3.1).
package final class SignatureKey: @unchecked Sendable {
    // Sendable holds: the key is not changed after `init`, and OpenSSL's verify contexts are made for each call.

    /// By the names of RFC 7518 and RFC 8037.
    package enum Algorithm: String, Sendable, CaseIterable {
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case edDSA = "EdDSA"
    }

    /// Why a key cannot be used.
    package struct Problem: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    package let algorithm: Algorithm
    private let pointer: OpaquePointer

    deinit { EVP_PKEY_free(pointer) }

    /// An RSA key by its modulus and exponent, big-endian.
    package init(rsaModulus modulus: [UInt8], exponent: [UInt8], _ algorithm: Algorithm = .rs256) throws(Problem) {
        guard [.rs256, .rs384, .rs512].contains(algorithm) else {
            throw Problem(description: "an RSA key cannot do \(algorithm.rawValue)")
        }
        let bits = modulus.drop { $0 == 0 }.count * 8
        guard bits >= 2048, bits <= 16_384 else { throw Problem(description: "an RSA key of \(bits) bits") }
        self.algorithm = algorithm
        let numbers = DER.sequence(DER.integer(modulus[...]) + DER.integer(exponent[...]))
        pointer = try Self.read(DER.publicKey(DER.rsaEncryption, numbers), "RSA")
    }

    /// A key on P-256 or P-384 by its point, both coordinates in full length.
    package init(curve: String, x: [UInt8], y: [UInt8]) throws(Problem) {
        guard let (algorithm, size) = ["P-256": (Algorithm.es256, 32), "P-384": (.es384, 48)][curve] else {
            throw Problem(description: "curve \(curve) is not served")
        }
        guard x.count == size, y.count == size else { throw Problem(description: "a point of another length") }
        self.algorithm = algorithm
        let kind = DER.ecPublicKey + (algorithm == .es256 ? DER.p256 : DER.p384)
        // 4: the uncompressed form.
        pointer = try Self.read(DER.publicKey(kind, [4] + x + y), "EC")
    }

    package init(ed25519 bytes: [UInt8]) throws(Problem) {
        guard bytes.count == 32, let made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { throw Problem(description: "an Ed25519 key of \(bytes.count) bytes") }
        algorithm = .edDSA
        pointer = made
    }

    /// Whether the signature, in the form that JWS has, is of this message and this key.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let hash: OpaquePointer? =
            switch algorithm {
            case .rs256, .es256: EVP_sha256()
            case .rs384, .es384: EVP_sha384()
            case .rs512: EVP_sha512()
            case .edDSA: nil
            }
        guard let bytes = wireForm(signature),
            EVP_DigestVerifyInit(context, nil, hash, nil, pointer) == 1
        else { return false }
        return EVP_DigestVerify(context, bytes, bytes.count, message, message.count) == 1
    }

    /// JWS has the two numbers of an ECDSA signature side by side, OpenSSL takes them as ASN.1.
    private func wireForm(_ signature: [UInt8]) -> [UInt8]? {
        let size = algorithm == .es256 ? 32 : algorithm == .es384 ? 48 : 0
        guard size > 0 else { return signature }
        guard signature.count == 2 * size else { return nil }
        return DER.sequence(DER.integer(signature[..<size]) + DER.integer(signature[size...]))
    }

    private static func read(_ der: [UInt8], _ kind: String) throws(Problem) -> OpaquePointer {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let made = der.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return d2i_PUBKEY(nil, &next, bytes.count)
        }
        guard let made else { throw Problem(description: "the \(kind) key is no key") }
        return made
    }
}

/// The little ASN.1 that public keys and signatures need.
private enum DER {
    static let rsaEncryption: [UInt8] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]
    static let ecPublicKey: [UInt8] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]
    static let p256: [UInt8] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]
    static let p384: [UInt8] = [6, 5, 0x2b, 0x81, 4, 0, 0x22]

    static func sequence(_ body: [UInt8]) -> [UInt8] { element(0x30, body) }

    /// A number that is not negative, big-endian.
    static func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return element(2, digits)
    }

    /// SubjectPublicKeyInfo (RFC 5280).
    static func publicKey(_ algorithm: [UInt8], _ key: [UInt8]) -> [UInt8] {
        sequence(sequence(algorithm) + element(3, [0] + key))
    }

    private static func element(_ tag: UInt8, _ body: [UInt8]) -> [UInt8] {
        let count = body.count
        if count < 0x80 { return [tag, UInt8(count)] + body }
        let low = UInt8(truncatingIfNeeded: count)
        if count < 0x100 { return [tag, 0x81, low] + body }
        return [tag, 0x82, UInt8(truncatingIfNeeded: count >> 8), low] + body
    }
}
