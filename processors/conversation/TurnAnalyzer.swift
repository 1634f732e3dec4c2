import Events

/// Says by keywords what a message wants: intent, sentiment, tags.
///
/// No model is asked.
struct TurnAnalyzer: Sendable {
    private enum Meaning: Hashable {
        case action, problem, negative, positive
        case tag(String)
    }

    private static let questionWords: Set<String> = ["how", "what", "why", "when", "where", "who"]

    private static let keywords: [(Meaning, [String])] = [
        (.action, ["create", "build", "implement", "write"]),
        (.problem, ["fix", "bug", "issue", "error"]),
        (.negative, ["fail", "broken", "crash", "error", "issue"]),
        (.positive, ["great", "thanks", "awesome", "good"]),
        (
            .tag("code"),
            ["code", "function", "class", "compile", "refactor", "swift", "python", "javascript", "api", "script"]
        ),
        (
            .tag("infrastructure"),
            [
                "deploy", "kubernetes", "docker", "kafka", "server", "cluster", "terraform", "network", "database",
                "infrastructure",
            ]
        ),
        (.tag("testing"), ["test", "assert", "coverage", "pytest", "unittest", "benchmark"]),
    ]

    private static let tagOrder = ["code", "infrastructure", "testing"]

    private let matcher: TermMatcher
    private let meanings: [Meaning]

    init() {
        var terms: [TermMatcher.Term] = []
        var meanings: [Meaning] = []
        for (meaning, words) in Self.keywords {
            for word in words {
                terms.append(TermMatcher.Term(text: word, boundary: .wordStart))
                meanings.append(meaning)
            }
        }
        matcher = TermMatcher(terms)
        self.meanings = meanings
    }

    /// Analyses a message in the form that `TermMatcher.fold` gives it.
    func analyze(_ folded: [UInt8]) -> TurnAnalysis {
        var found: Set<Meaning> = []
        for (term, place) in matcher.find(in: folded).enumerated() where place != nil { found.insert(meanings[term]) }
        return TurnAnalysis(
            intent: intent(folded, found),
            sentiment: found.contains(.negative) ? "negative" : found.contains(.positive) ? "positive" : "neutral",
            tags: Self.tagOrder.filter { found.contains(.tag($0)) }
        )
    }

    private func intent(_ folded: [UInt8], _ found: Set<Meaning>) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard let first = folded.firstIndex(where: { !isSpace($0) }),
            let last = folded.lastIndex(where: { !isSpace($0) })
        else { return "empty" }
        let word = folded[first...].prefix { (0x61...0x7A).contains($0) }
        let isQuestion = Self.questionWords.contains(String(decoding: word, as: UTF8.self))
        if isQuestion || folded[last] == UInt8(ascii: "?") { return "question" }
        if found.contains(.action) { return "action_request" }
        if found.contains(.problem) { return "problem_report" }
        return "statement"
    }
}
