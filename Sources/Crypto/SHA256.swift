import COpenSSL

/// Computes SHA-256 digests with OpenSSL; one hasher is used by one thread at a time.
///
/// OpenSSL looks an algorithm up by name on every one-shot call; keeping the context saves most of the time of a
/// short message.
package final class SHA256Hasher {
    private let context: OpaquePointer
    private static let algorithm = Algorithm()

    /// Sendable holds: a fetched algorithm is immutable and OpenSSL shares it between threads.
    private struct Algorithm: @unchecked Sendable {
        let pointer = EVP_MD_fetch(nil, "SHA2-256", nil)
    }

    package init() {
        guard let made = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a digest") }
        context = made
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Digests the parts one after the other.
    ///
    /// - Returns: 32 bytes.
    package func digest(_ parts: UnsafeRawBufferPointer...) -> [UInt8] {
        precondition(EVP_DigestInit_ex(context, Self.algorithm.pointer, nil) == 1, "SHA-256 is not available")
        for part in parts { EVP_DigestUpdate(context, part.baseAddress, part.count) }
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            count = 32
        }
    }
}

/// SHA-256 of whole values, for calls that are not on a data path.
package enum SHA256 {
    /// Digests bytes.
    ///
    /// - Returns: 32 bytes.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { SHA256Hasher().digest($0) }
    }

    /// Digests the UTF-8 of a text and writes it as lower-case hexadecimal.
    package static func hex(_ text: String) -> String {
        Hex.encode(digest(Array(text.utf8)))
    }
}
