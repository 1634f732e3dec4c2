package import Events

/// Decides whether a message may become a turn.
package struct TurnGate: Sendable {
    static let name = "turn-gate"

    package enum Decision: Sendable, Equatable {
        case admitted(TurnAdmitted)
        case denied(TurnDenied, PolicyVerdict)
    }

    private let settings: ConversationSettings
    private let analyzer = TurnAnalyzer()

    package init(_ settings: ConversationSettings) {
        self.settings = settings
    }

    /// The decision; follows from the message and the rules alone.
    package func decide(_ incoming: IncomingMessage) -> Decision {
        let message = incoming.message
        if let problem = problem(with: message) {
            return denied(
                incoming,
                "invalid_request",
                problem,
                PolicyVerdict(allowed: false, score: 1, violations: [])
            )
        }
        let newest = TermMatcher.fold(message.content)
        let finding = settings.policy.evaluate(spoken(message, newest: newest))
        guard finding.verdict.allowed else {
            return denied(incoming, "policy_denied", finding.reason, finding.verdict)
        }
        return .admitted(
            TurnAdmitted(
                requestID: incoming.requestID,
                sessionID: incoming.sessionID,
                content: message.content,
                model: message.model ?? settings.defaultModel,
                messages: message.messages,
                analysis: analyzer.analyze(newest),
                policy: finding.verdict,
                temperature: message.temperature,
                maxTokens: message.maxTokens,
                stop: message.stop
            )
        )
    }

    /// The audit entry of a decision, without id and time.
    package func details(of decision: Decision) -> (action: String, outcome: String, details: [String: String]) {
        var details = ["policy_hash": settings.policy.hash]
        let verdict: PolicyVerdict
        switch decision {
        case .admitted(let turn):
            verdict = turn.policy
            details["intent"] = turn.analysis.intent
            details["model"] = turn.model
        case .denied(let denial, let found):
            verdict = found
            details["code"] = denial.code
        }
        details["score"] = "\(verdict.score)"
        details["severity"] = Policy.severity(score: verdict.score)
        details["violations"] = verdict.violations.joined(separator: ",")
        if case .admitted = decision { return ("turn.admit", "allowed", details) }
        return ("turn.deny", "denied", details)
    }

    private func denied(
        _ incoming: IncomingMessage,
        _ code: String,
        _ reason: String,
        _ verdict: PolicyVerdict
    ) -> Decision {
        .denied(
            TurnDenied(requestID: incoming.requestID, sessionID: incoming.sessionID, code: code, reason: reason),
            verdict
        )
    }

    // What the gateway checks for its clients; other producers have nobody else who does.
    private func problem(with message: UserMessage) -> String? {
        if let temperature = message.temperature, !(0...2).contains(temperature) {
            return "temperature must be between 0 and 2"
        }
        if let tokens = message.maxTokens, tokens < 1 { return "max_tokens must be at least 1" }
        if let model = message.model, !(1...256).contains(model.utf8.count) {
            return "model must have 1 to 256 bytes"
        }
        let roles: Set<String> = ["system", "developer", "user", "assistant", "tool"]
        if let unknown = message.messages?.first(where: { !roles.contains($0.role) }) {
            return "messages have a role \(unknown.role.prefix(40)); known: system, developer, user, assistant, tool"
        }
        return nil
    }

    // The newest message and whatever else the user says after the last answer. Older ones were judged in their own turn;
    // judging them again would refuse every later turn of a client that keeps a refused message in its history.
    private func spoken(_ message: UserMessage, newest: [UInt8]) -> [UInt8] {
        guard let messages = message.messages else { return newest }
        let start = messages.lastIndex { $0.role == "assistant" }.map { $0 + 1 } ?? 0
        var text = newest
        for other in messages[start...] where other.role == "user" && other.content != message.content {
            text.append(UInt8(ascii: "\n"))
            text += TermMatcher.fold(other.content)
        }
        return text
    }
}
