import Crypto
import JSON

/// The public keys that tokens may be signed with (RFC 7517).
struct TokenKeys: Sendable {
    struct Key: Sendable {
        let id: String?
        let key: SignatureKey
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    let keys: [Key]

    init(keys: [Key]) { self.keys = keys }

    /// Keys for other uses and of kinds that we do not know are passed over; none at all is a mistake.
    init(_ bytes: [UInt8]) throws(Problem) {
        let document: JSON
        do throws(JSONError) {
            document = try JSON.parse(bytes)
        } catch {
            throw Problem(description: "no JSON: \(error)")
        }
        guard let entries = document["keys"]?.array else { throw Problem(description: "there is no list of keys") }
        var found: [Key] = []
        for (index, entry) in entries.enumerated() {
            guard entry["use"]?.string ?? "sig" == "sig" else { continue }
            do throws(SignatureKey.Problem) {
                guard let key = try Self.key(entry) else { continue }
                found.append(Key(id: entry["kid"]?.string, key: key))
            } catch {
                throw Problem(description: "key \(index): \(error)")
            }
        }
        guard !found.isEmpty else { throw Problem(description: "there is no key for signatures") }
        let names = found.compactMap(\.id)
        guard Set(names).count == names.count else { throw Problem(description: "two keys have the same kid") }
        keys = found
    }

    /// The key for a token: the one that it names, or the only one when it names none.
    func key(_ id: String?) -> SignatureKey? {
        guard let id else { return keys.count == 1 ? keys[0].key : nil }
        return keys.first { $0.id == id }?.key
    }

    private static func key(_ entry: JSON) throws(SignatureKey.Problem) -> SignatureKey? {
        func bytes(_ name: String) -> [UInt8] {
            entry[name]?.string.flatMap { Base64.decode($0.utf8, .url) } ?? []
        }
        let algorithm = entry["alg"]?.string
        let made: SignatureKey
        switch entry["kty"]?.string {
        case "RSA":
            guard let chosen = algorithm.map({ SignatureKey.Algorithm(rawValue: $0) }) ?? .rs256 else { return nil }
            made = try SignatureKey(rsaModulus: bytes("n"), exponent: bytes("e"), chosen)
        case "EC":
            made = try SignatureKey(curve: entry["crv"]?.string ?? "", x: bytes("x"), y: bytes("y"))
        case "OKP" where entry["crv"]?.string == "Ed25519":
            made = try SignatureKey(ed25519: bytes("x"))
        default: return nil
        }
        // A key that is meant for another algorithm is not used for ours.
        return algorithm == nil || algorithm == made.algorithm.rawValue ? made : nil
    }
}
