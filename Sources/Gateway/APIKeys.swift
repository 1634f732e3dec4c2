import Crypto

/// Who sent a request.
package struct Principal: Sendable, Equatable {
    package var tenant: String
    package var subject: String
    /// The event types that it may send to `/v1/events`; nil is all.
    package var eventTypes: Set<String>?

    package init(tenant: String, subject: String, eventTypes: Set<String>? = nil) {
        self.tenant = tenant
        self.subject = subject
        self.eventTypes = eventTypes
    }
}

/// The configured API keys; only their digests are kept.
package struct APIKeys: Sendable {
    private let entries: [(digest: [UInt8], principal: Principal)]

    package init(_ keys: [(key: String, principal: Principal)]) {
        entries = keys.map { (digest: SHA256.digest(Array($0.key.utf8)), principal: $0.principal) }
    }

    /// Whose key this is; looks at every entry, so that the time tells nothing of where one matched.
    func principal(of key: some StringProtocol) -> Principal? {
        let digest = SHA256.digest(Array(key.utf8))
        var found: Principal?
        for entry in entries where Secrets.equal(entry.digest, digest) { found = entry.principal }
        return found
    }
}
