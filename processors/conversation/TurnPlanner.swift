package import Events

/// Makes the model request of a turn out of the turn and what is known of its session.
package struct TurnPlanner: Sendable {
    static let name = "turn-orchestrator"

    private let settings: ConversationSettings

    package init(_ settings: ConversationSettings) {
        self.settings = settings
    }

    /// The request of a turn, given the session before it.
    ///
    /// The deadline counts from `time`, when the message was said, in milliseconds since 1970.
    package func request(for turn: TurnAdmitted, history: SessionHistory, time: Int64) -> SLMRequest {
        SLMRequest(
            requestID: turn.requestID,
            sessionID: turn.sessionID,
            model: turn.model,
            messages: messages(turn, history),
            temperature: turn.temperature,
            maxTokens: turn.maxTokens,
            stop: turn.stop,
            deadlineMs: time + settings.turnMilliseconds
        )
    }

    // A client that tells the conversation knows it better than we do; else it is what the session said so far.
    private func messages(_ turn: TurnAdmitted, _ history: SessionHistory) -> [ChatMessage] {
        var messages: [ChatMessage]
        if let told = turn.messages, !told.isEmpty {
            messages = told
            if told.last(where: { $0.role == "user" })?.content != turn.content {
                messages.append(ChatMessage(role: "user", content: turn.content))
            }
        } else {
            messages = history.before(turn.requestID) + [ChatMessage(role: "user", content: turn.content)]
        }
        let hasInstructions = messages.contains { $0.role == "system" || $0.role == "developer" }
        guard !hasInstructions, !settings.persona.isEmpty else { return messages }
        let persona = ChatMessage(role: "system", content: settings.persona, name: ConversationSettings.personaName)
        return [persona] + messages
    }
}
