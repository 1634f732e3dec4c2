import Crypto

/// A user of SCRAM that the broker makes at its start when there is no such user yet: someone must be first.
package struct InitialUser: Sendable {
    /// What is wrong with the text.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    let mechanism: SaslMechanism
    let name: String
    private let password: [UInt8]
    private let iterations: Int

    /// Reads `SCRAM-SHA-256=[name=alice,password=secret]`, as `kafka-storage format --add-scram` does; also `iterations=`,
    /// and `password-file=PATH`, which keeps the password out of the list of processes.
    package init(_ text: String) throws(Problem) {
        let form = "SCRAM-SHA-256=[name=NAME,password-file=PATH] or ,password=PASSWORD]"
        guard let equals = text.firstIndex(of: "="), let mechanism = SaslMechanism(rawValue: String(text[..<equals])),
            mechanism.hash != nil
        else { throw Problem(description: "not of the form \(form)") }
        let rest = text[text.index(after: equals)...]
        guard rest.hasPrefix("["), rest.hasSuffix("]"), rest.count > 2 else {
            throw Problem(description: "not of the form \(form)")
        }
        var parts: [String: String] = [:]
        for part in rest.dropFirst().dropLast().split(separator: ",") {
            guard let sign = part.firstIndex(of: "=") else { throw Problem(description: "not of the form \(form)") }
            parts[String(part[..<sign])] = String(part[part.index(after: sign)...])
        }
        guard let name = parts.removeValue(forKey: "name"), !name.isEmpty else {
            throw Problem(description: "there is no name=")
        }
        let allowed = ScramCredential.iterationsAllowed
        let iterations = parts.removeValue(forKey: "iterations").map { Int($0) ?? 0 } ?? 8192
        guard allowed.contains(iterations) else {
            throw Problem(description: "iterations must be \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        self.name = name
        self.mechanism = mechanism
        self.iterations = iterations
        password = try Self.password(&parts)
        guard let odd = parts.keys.sorted().first else { return }
        throw Problem(description: "\(odd)= is not known")
    }

    private static func password(_ parts: inout [String: String]) throws(Problem) -> [UInt8] {
        let given = parts.removeValue(forKey: "password")
        guard let path = parts.removeValue(forKey: "password-file") else {
            guard let given, !given.isEmpty else {
                throw Problem(description: "there is no password= or password-file=")
            }
            return Array(given.utf8)
        }
        do throws(AtomicFile.Failure) {
            var bytes = try AtomicFile.read(path) ?? []
            while bytes.last == 10 || bytes.last == 13 { bytes.removeLast() }
            guard given == nil, !bytes.isEmpty else { throw AtomicFile.Failure(operation: "read", path: path, code: 2) }
            return bytes
        } catch {
            throw Problem(description: "password-file: \(error)")
        }
    }

    var credential: ScramCredential {
        ScramCredential(
            password: password,
            salt: Secrets.random(24),
            iterations: iterations,
            mechanism.hash ?? .sha256
        )
    }
}

extension ScramUsers {
    /// Adds those users that are not there yet; what an administrator changed since stays.
    func add(missing initial: [InitialUser]) throws(AtomicFile.Failure) {
        let missing = initial.filter { credentials(of: $0.name)[$0.mechanism] == nil }
        guard !missing.isEmpty else { return }
        try change { users in
            for user in missing { users[user.name, default: [:]][user.mechanism] = user.credential }
        }
    }
}
