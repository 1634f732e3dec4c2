private import Crypto
package import Events
private import JSON

/// An ordered list of rules and what they say about a message.
///
/// The score is 1 less the weights of the rules broken, never below 0; a message is allowed when no rule is broken.
package struct Policy: Sendable {
    /// What the rules say, and how to say it to people.
    package struct Finding: Sendable, Equatable {
        package var verdict: PolicyVerdict
        /// Why it was refused; empty when allowed.
        package var reason: String
    }

    package let rules: [PolicyRule]
    /// SHA-256 of the rules: a decision can be checked against the rules that were in force.
    package let hash: String

    private let matcher: TermMatcher
    // For each term of the matcher: rule and list that it belongs to.
    private let places: [(rule: Int, list: Int)]

    package init(_ rules: [PolicyRule] = PolicyRule.constitution) {
        self.rules = rules
        hash = SHA256.hex(Self.canonical(rules).text)
        var terms: [TermMatcher.Term] = []
        var places: [(rule: Int, list: Int)] = []
        for (number, rule) in rules.enumerated() {
            for (list, alternatives) in rule.allOf.enumerated() {
                for text in alternatives {
                    terms.append(TermMatcher.Term(text: text, boundary: rule.insideWords ? .anywhere : .word))
                    places.append((number, list))
                }
            }
        }
        matcher = TermMatcher(terms)
        self.places = places
    }

    /// Decides about one or several texts of the same speaker, in the form that `TermMatcher.fold` gives them.
    func evaluate(_ folded: [UInt8]) -> Finding {
        // Lists of each rule that have a hit, as bits.
        var hits = [UInt64](repeating: 0, count: rules.count)
        for (term, place) in matcher.find(in: folded).enumerated() where place != nil {
            hits[places[term].rule] |= 1 << UInt64(min(places[term].list, 63))
        }
        var score = 1.0
        var broken: [PolicyRule] = []
        for (number, rule) in rules.enumerated() where !rule.allOf.isEmpty {
            guard hits[number].nonzeroBitCount == rule.allOf.count else { continue }
            score -= rule.weight
            broken.append(rule)
        }
        let rounded = (max(0, score) * 1_000_000).rounded() / 1_000_000
        let names = broken.reduce(into: [String]()) { if !$0.contains($1.name) { $0.append($1.name) } }
        let descriptions = broken.reduce(into: [String]()) {
            if !$0.contains($1.description) { $0.append($1.description) }
        }
        return Finding(
            verdict: PolicyVerdict(allowed: broken.isEmpty, score: rounded, violations: names),
            reason: broken.isEmpty ? "" : "refused by policy: the message " + descriptions.joined(separator: "; ")
        )
    }

    /// `low`, `medium`, `high` or `critical`.
    static func severity(score: Double) -> String {
        score >= 0.8 ? "low" : score >= 0.5 ? "medium" : score >= 0.2 ? "high" : "critical"
    }

    private static func canonical(_ rules: [PolicyRule]) -> JSON {
        .array(
            rules.map { rule in
                [
                    "all_of": .array(rule.allOf.map { .array($0.map { .string($0) }) }),
                    "description": .string(rule.description),
                    "inside_words": .bool(rule.insideWords),
                    "name": .string(rule.name),
                    "weight": .number(rule.weight),
                ]
            }
        )
    }
}
