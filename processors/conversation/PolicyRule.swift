/// One thing that a message must not ask for.
package struct PolicyRule: Sendable, Equatable {
    package var name: String
    /// Taken off the score of 1; 0 to 1.
    package var weight: Double
    /// Said to whoever is refused.
    package var description: String
    /// The rule is broken when each list has a term that occurs, in any order.
    package var allOf: [[String]]
    /// Whether terms count inside other words; phrases of the built-in rules count as whole words.
    package var insideWords: Bool

    package init(
        name: String,
        weight: Double,
        description: String,
        allOf: [[String]],
        insideWords: Bool = false
    ) {
        self.name = name
        self.weight = weight
        self.description = description
        self.allOf = allOf
        self.insideWords = insideWords
    }
}

extension PolicyRule {
    /// The rules that hold when nothing is configured: few and narrow, so that honest questions pass.
    package static let constitution: [PolicyRule] = [
        PolicyRule(
            name: "instruction-override",
            weight: 0.5,
            description: "asks to set aside the instructions that the assistant works under",
            allOf: [
                ["ignore", "disregard", "forget", "override", "bypass", "discard"],
                [
                    "previous instructions", "prior instructions", "above instructions", "earlier instructions",
                    "your instructions", "all instructions", "these instructions", "system instructions",
                    "your guidelines", "your rules", "your safety rules", "your system prompt", "your constitution",
                ],
            ]
        ),
        PolicyRule(
            name: "secret-exfiltration",
            weight: 0.7,
            description: "asks the assistant to give away its secrets or hidden instructions",
            allOf: [
                [
                    "reveal", "print", "show", "send", "leak", "exfiltrate", "dump", "repeat", "output", "give me",
                    "tell me", "post", "upload", "email", "display", "what is", "what are",
                ],
                [
                    "your system prompt", "your hidden prompt", "your initial prompt", "your hidden instructions",
                    "your api key", "your api keys", "your secret", "your secrets", "your credentials",
                    "your password", "your passwords", "your access token", "your access tokens",
                    "your private key", "your private keys", "your environment variables",
                    "contents of your system prompt", "other users' messages", "other tenants' data",
                ],
            ]
        ),
        PolicyRule(
            name: "role-escape",
            weight: 0.5,
            description: "asks the assistant to act as a version of itself without rules",
            allOf: [
                [
                    "do anything now", "you are now dan", "act as dan", "jailbreak mode", "jailbroken mode",
                    "developer mode enabled", "pretend you have no rules", "pretend you have no restrictions",
                    "without any restrictions or rules",
                ]
            ]
        ),
        PolicyRule(
            name: "malware",
            weight: 0.7,
            description: "asks for harmful software",
            allOf: [
                [
                    "write malware", "create malware", "build malware", "write ransomware", "create ransomware",
                    "build ransomware", "write a keylogger", "build a keylogger", "create a keylogger",
                    "write a computer virus", "create a computer virus", "build a botnet", "create a botnet",
                ]
            ]
        ),
        PolicyRule(
            name: "self-harm",
            weight: 1,
            description: "asks for ways to harm oneself; please talk to someone you trust or a local help line",
            allOf: [
                [
                    "how to kill myself", "how do i kill myself", "ways to kill myself", "best way to kill myself",
                    "how to hurt myself", "how do i hurt myself", "ways to hurt myself", "how to commit suicide",
                    "ways to commit suicide", "how do i commit suicide",
                ]
            ]
        ),
    ]

    /// Rules that an operator's list of terms makes: each term wherever it occurs, 0.35 each.
    package static func deniedTerms(_ terms: [String]) -> [PolicyRule] {
        terms.sorted().map { term in
            PolicyRule(
                name: "denied-term",
                weight: 0.35,
                description: "uses a term that the operator does not allow",
                allOf: [[term]],
                insideWords: true
            )
        }
    }
}
