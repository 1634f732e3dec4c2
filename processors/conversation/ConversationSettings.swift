/// What the conversation processors can be told.
package struct ConversationSettings: Sendable {
    /// The model of messages that name none.
    package var defaultModel: String
    /// The system prompt of conversations that bring none of their own.
    package var persona: String
    /// Rules of the gate.
    package var policy: Policy
    /// How long a turn may take, from the time of its message.
    package var turnMilliseconds: Int64

    /// Marks the persona's message, so that a model that quotes its input can leave it out.
    package static let personaName = "persona"

    package static let defaultPersona =
        "You are Soma, a helpful assistant. Answer from the conversation and from what you remember. "
        + "When you do not know, say so."

    package init(
        defaultModel: String = "local",
        persona: String = ConversationSettings.defaultPersona,
        deniedTerms: [String] = [],
        turnMilliseconds: Int64 = 120_000
    ) {
        self.defaultModel = defaultModel
        self.persona = persona
        policy = Policy(PolicyRule.constitution + PolicyRule.deniedTerms(deniedTerms))
        self.turnMilliseconds = turnMilliseconds
    }

    /// Reads `SOMA_DEFAULT_MODEL`, `SOMA_PERSONA`, `SOMA_POLICY_DENY_TERMS` (comma list), `SOMA_TURN_TIMEOUT_MS`.
    package init(environment: [String: String]) {
        let terms = (environment["SOMA_POLICY_DENY_TERMS"] ?? "").split(separator: ",")
            .map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        self.init(
            defaultModel: environment["SOMA_DEFAULT_MODEL"].flatMap { $0.isEmpty ? nil : $0 } ?? "local",
            persona: environment["SOMA_PERSONA"] ?? Self.defaultPersona,
            deniedTerms: terms,
            turnMilliseconds: environment["SOMA_TURN_TIMEOUT_MS"].flatMap(Int64.init)
                .map { min(max($0, 1000), 3_600_000) } ?? 120_000
        )
    }
}

extension StringProtocol {
    fileprivate var trimmingSpaces: String {
        let start = firstIndex { $0 != " " } ?? endIndex
        guard let last = self[start...].lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[start...last])
    }
}
