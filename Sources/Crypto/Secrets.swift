import COpenSSL

/// Random bytes and comparisons for keys and tokens.
package enum Secrets {
    /// Random bytes from OpenSSL's generator.
    package static func random(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "no random bytes from OpenSSL")
            initialized = count
        }
    }

    /// Compares without telling by its time where the first difference is; lengths are not hidden.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
