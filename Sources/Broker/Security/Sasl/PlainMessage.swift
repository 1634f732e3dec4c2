/// The one message of PLAIN (RFC 4616): `[name to act for] NUL user NUL password`.
struct PlainMessage: Equatable {
    static let partBytesMax = 1024

    let user: String
    let password: [UInt8]

    /// What is wrong with a message.
    struct Problem: Error, Equatable {
        let reason: String
    }

    init(_ message: [UInt8]) throws(Problem) {
        let parts = message.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw Problem(reason: "a PLAIN message of \(parts.count) parts, not 3") }
        guard parts.allSatisfy({ $0.count <= Self.partBytesMax }) else {
            throw Problem(reason: "a PLAIN message with a part of more than \(Self.partBytesMax) bytes")
        }
        guard let actor = String(validating: parts[0], as: UTF8.self),
            let user = String(validating: parts[1], as: UTF8.self),
            String(validating: parts[2], as: UTF8.self) != nil
        else { throw Problem(reason: "a PLAIN message that is no text") }
        guard !user.isEmpty, !parts[2].isEmpty else {
            throw Problem(reason: "a PLAIN message without user or password")
        }
        guard actor.isEmpty || actor == user else { throw Problem(reason: "acting for another user is not served") }
        self.user = user
        password = Array(parts[2])
    }
}
