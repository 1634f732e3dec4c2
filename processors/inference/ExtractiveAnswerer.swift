import Events
import Retrieval

/// Answers a conversation with sentences that occur in it or in remembered text.
///
/// What it is: it ranks sentences by BM25 against the question, with weights for who said them and how long ago, and joins
/// the best. What it is not: it generates nothing, so it cannot say what nobody said. The same input gives the same answer.
struct ExtractiveAnswerer: Sendable {
    static let modelName = "soma-extractive-bm25-1"

    static let nothingFound =
        "I found nothing in this conversation or in memory that answers this. I am \(modelName): I select and join "
        + "sentences that were said before, I do not make up new ones."
    static let greeting =
        "Hello. I answer with sentences from this conversation and from what I remember; tell me something or ask about it."
    static let nothingAsked = "There is no message to answer."
    static let noted = "I have noted that and can quote it when you ask about it."
    static let welcome = "You are welcome."

    private static let sentencesMax = 3
    /// Of all sources together, newest first; more would only slow the answer down.
    private static let sourceSentencesMax = 2000

    private enum Speaker: Equatable { case user, document, memory }

    private struct Sentence {
        var text: String
        var terms: [String]
        var speaker: Speaker
        var weight: Double
    }

    private static let greetings: Set<String> = [
        "hi", "hello", "hey", "greetings", "good", "morning", "afternoon", "evening", "day", "there", "soma", "hallo",
    ]
    private static let thanks: Set<String> = [
        "thanks", "thank", "you", "thx", "cheers", "very", "much", "a", "lot", "so",
    ]
    private static let questionWords: Set<String> = [
        "what", "whats", "who", "whos", "whose", "where", "when", "why", "how", "which", "is", "are", "was", "were",
        "do",
        "does", "did", "can", "could", "should", "would", "will", "has", "have", "tell", "explain", "describe", "list",
        "show", "give", "summarize", "summarise", "name", "find", "quote", "repeat",
    ]

    /// The whole answer.
    func answer(_ messages: [ChatMessage], memory: [RememberedText]) -> String {
        guard let newest = messages.lastIndex(where: { $0.role == "user" }) else { return Self.nothingAsked }
        let sentences = Sentences.split(messages[newest].content)
        let words = Words.split(messages[newest].content)
        guard !words.isEmpty else { return Self.nothingAsked }
        if words.count <= 4, words.allSatisfy(Self.greetings.contains) { return Self.greeting }
        if words.count <= 6, words.contains(where: { $0.hasPrefix("than") || $0 == "thx" || $0 == "cheers" }),
            words.allSatisfy(Self.thanks.contains)
        {
            return Self.welcome
        }
        let question = self.question(in: sentences)
        var sources = self.sources(Array(messages[..<newest]), memory: memory)
        for (index, text) in sentences.enumerated() where index != question.index {
            add(text, .document, weight: 0.9, to: &sources)
        }
        let asked = Words.terms(question.text)
        let chosen = choose(from: Array(sources.suffix(Self.sourceSentencesMax)), asked: asked)
        if !chosen.isEmpty { return join(chosen) }
        return question.isAsked ? Self.nothingFound : Self.noted
    }

    // The last sentence with a question mark, else the first that begins like a question or an order, else all is said.
    private func question(in sentences: [String]) -> (text: String, index: Int?, isAsked: Bool) {
        if let index = sentences.lastIndex(where: { $0.hasSuffix("?") }) { return (sentences[index], index, true) }
        if let index = sentences.firstIndex(where: { sentence in
            Words.split(sentence).first.map(Self.questionWords.contains) ?? false
        }) {
            return (sentences[index], index, true)
        }
        guard sentences.count == 1 else { return (sentences.joined(separator: " "), nil, false) }
        return (sentences[0], 0, false)
    }

    private func sources(_ earlier: [ChatMessage], memory: [RememberedText]) -> [Sentence] {
        var sentences: [Sentence] = []
        for remembered in memory.reversed() {
            let speaker: Speaker = remembered.role == "user" ? .memory : .document
            for text in Sentences.split(remembered.text) {
                add(text, speaker, weight: 0.4 + 0.4 * min(max(remembered.score, 0), 1), to: &sentences)
            }
        }
        for (index, message) in earlier.enumerated() where message.name != "persona" {
            // Newer messages weigh a little more, so that what was corrected wins over what it corrects.
            let age = Double(earlier.count - index)
            let recency = 1 + 0.3 / age
            let speaker: Speaker = message.role == "user" ? .user : .document
            let weight = message.role == "assistant" ? 0.6 : 1
            for text in Sentences.split(message.content) {
                add(text, speaker, weight: weight * recency, to: &sentences)
            }
        }
        return sentences
    }

    // Questions answer nothing, and neither do our own set phrases or quotations that we made before.
    private func add(_ text: String, _ speaker: Speaker, weight: Double, to sentences: inout [Sentence]) {
        let isOurs = Self.nothingFound.contains(text) || Self.greeting.contains(text) || Self.noted.contains(text)
        guard !text.hasSuffix("?"), !isOurs, !text.hasPrefix(Self.youSaid), !text.hasPrefix(Self.fromMemory) else {
            return
        }
        sentences.append(Sentence(text: text, terms: Words.terms(text), speaker: speaker, weight: weight))
    }

    private func choose(from sentences: [Sentence], asked: [String]) -> [Sentence] {
        var index = BM25()
        for (number, sentence) in sentences.enumerated() { index.insert(number, terms: sentence.terms) }
        var query = unique(asked)
        if let summary = query.firstIndex(where: { $0.hasPrefix("summar") }) {
            query.remove(at: summary)
            if query.isEmpty { query = frequentTerms(sentences) }
        }
        // Half of the words asked for must be there when they are few, a third when they are many.
        let known = query.filter { term in sentences.contains { $0.terms.contains(term) } }
        let needed = max(1, query.count <= 4 ? (query.count + 1) / 2 : query.count / 3)
        guard known.count >= min(needed, query.count), !query.isEmpty else { return [] }
        var seen: Set<[String]> = []
        let ranked = index.search(query, limit: 50)
            .map { (sentence: $0.number, score: $0.score * sentences[$0.number].weight) }
            .sorted { $0.score != $1.score ? $0.score > $1.score : $0.sentence > $1.sentence }
            .filter { hit in
                let terms = sentences[hit.sentence].terms
                let shared = query.count { terms.contains($0) }
                // What only repeats the question says nothing new.
                return shared >= min(needed, known.count) && terms != asked && seen.insert(terms).inserted
            }
        guard let best = ranked.first?.score else { return [] }
        return ranked.prefix(Self.sentencesMax).filter { $0.score >= best * 0.6 }
            .map(\.sentence).sorted().map { sentences[$0] }
    }

    private func frequentTerms(_ sentences: [Sentence]) -> [String] {
        var counts: [String: Int] = [:]
        for term in sentences.flatMap(\.terms) { counts[term, default: 0] += 1 }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6).map(\.key)
    }

    private func unique(_ terms: [String]) -> [String] {
        var seen: Set<String> = []
        return terms.filter { seen.insert($0).inserted }
    }

    private static let youSaid = "You said: \""
    private static let fromMemory = "From memory: \""

    private func join(_ sentences: [Sentence]) -> String {
        var parts: [String] = []
        var quoted: [String] = []
        var speaker: Speaker?
        func close() {
            guard !quoted.isEmpty else { return }
            let opening = speaker == .user ? Self.youSaid : Self.fromMemory
            parts.append(opening + quoted.joined(separator: " ") + "\"")
            quoted = []
        }
        for sentence in sentences {
            if sentence.speaker != speaker { close() }
            speaker = sentence.speaker
            if speaker == .document { parts.append(sentence.text) } else { quoted.append(sentence.text) }
        }
        close()
        return parts.joined(separator: " ")
    }
}
