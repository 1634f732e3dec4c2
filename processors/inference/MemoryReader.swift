/// A text that was said in some conversation of the same tenant.
package struct RememberedText: Sendable, Equatable {
    package var sessionID: String
    /// `user` or `assistant`.
    package var role: String
    package var text: String
    /// 0 to 1.
    package var score: Double

    package init(sessionID: String, role: String, text: String, score: Double) {
        self.sessionID = sessionID
        self.role = role
        self.text = text
        self.score = score
    }
}

/// Finds remembered texts; the composition root gives the one that there is.
package protocol MemoryReader: Sendable {
    /// The texts nearest to a query, best first.
    ///
    /// Only texts of the tenant, and of the session when one is given. Called on a worker's task: answer within
    /// milliseconds or with nothing.
    func search(query: String, limit: Int, tenant: String, session: String?) -> [RememberedText]
}

/// No memory.
package struct EmptyMemory: MemoryReader {
    package init() {}

    package func search(query: String, limit: Int, tenant: String, session: String?) -> [RememberedText] { [] }
}
