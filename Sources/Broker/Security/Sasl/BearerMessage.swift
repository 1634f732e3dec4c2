/// The first message of OAUTHBEARER (RFC 7628): `n,[a=name],^A auth=Bearer TOKEN ^A [key=value ^A]... ^A`.
struct BearerMessage: Equatable {
    let token: String
    /// Whom the client wants to act for; nil when it does not say.
    let actor: String?

    struct Problem: Error, Equatable {
        let reason: String
    }

    init(_ message: [UInt8]) throws(Problem) {
        guard let text = String(validating: message, as: UTF8.self) else {
            throw Problem(reason: "an OAUTHBEARER message that is no text")
        }
        let fields = text.split(separator: "\u{1}", omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[fields.count - 1].isEmpty, fields[fields.count - 2].isEmpty else {
            throw Problem(reason: "an OAUTHBEARER message without its separators")
        }
        let header = fields[0].split(separator: ",", omittingEmptySubsequences: false)
        guard header.count == 3, header[0] == "n" || header[0] == "y", header[2].isEmpty,
            header[1].isEmpty || header[1].hasPrefix("a=") && header[1].count > 2
        else { throw Problem(reason: "an OAUTHBEARER message with another header") }
        actor = header[1].isEmpty ? nil : String(header[1].dropFirst(2))
        var found: String?
        for field in fields[1..<(fields.count - 2)] {
            guard let equals = field.firstIndex(of: "="), equals > field.startIndex else {
                throw Problem(reason: "an OAUTHBEARER field that is no key=value")
            }
            guard field[..<equals] == "auth" else { continue }
            let value = field[field.index(after: equals)...]
            // The scheme's name may be in any case.
            guard found == nil, value.prefix(7).lowercased() == "bearer " else {
                throw Problem(reason: "an OAUTHBEARER message without one bearer token")
            }
            found = String(value.dropFirst(7))
        }
        guard let found, !found.isEmpty else { throw Problem(reason: "an OAUTHBEARER message without a token") }
        token = found
    }
}
