private import Glibc

/// Ranks texts by the words that they share with a question (Okapi BM25, Robertson and others 1994).
///
/// Documents can be added and removed; scores follow from what is in it at the time.
package struct BM25: Sendable {
    private struct Document: Sendable {
        var counts: [String: Int]
        var length: Int
    }

    // The usual values: how fast repetition stops to count, and how much long texts are held back.
    private static let saturation = 1.2
    private static let lengthWeight = 0.75

    private var documents: [Int: Document] = [:]
    private var postings: [String: Set<Int>] = [:]
    private var totalLength = 0

    package init() {}

    package var count: Int { documents.count }

    /// Adds a document, or puts it in the place of the one with the same number.
    package mutating func insert(_ number: Int, terms: [String]) {
        remove(number)
        var counts: [String: Int] = [:]
        for term in terms { counts[term, default: 0] += 1 }
        for term in counts.keys { postings[term, default: []].insert(number) }
        documents[number] = Document(counts: counts, length: terms.count)
        totalLength += terms.count
    }

    package mutating func remove(_ number: Int) {
        guard let document = documents.removeValue(forKey: number) else { return }
        totalLength -= document.length
        for term in document.counts.keys {
            postings[term]?.remove(number)
            if postings[term]?.isEmpty == true { postings[term] = nil }
        }
    }

    /// How rare a term is among the documents; above 0.
    package func weight(of term: String) -> Double {
        let holders = Double(postings[term]?.count ?? 0)
        return log(1 + (Double(documents.count) - holders + 0.5) / (holders + 0.5))
    }

    /// The score of one document; 0 when it shares no term with the query.
    package func score(_ number: Int, query: [String]) -> Double {
        guard let document = documents[number], totalLength > 0 else { return 0 }
        let average = Double(totalLength) / Double(documents.count)
        var score = 0.0
        for term in query {
            guard let count = document.counts[term] else { continue }
            let frequency = Double(count)
            let length = 1 - Self.lengthWeight + Self.lengthWeight * Double(document.length) / average
            score += weight(of: term) * frequency * (Self.saturation + 1) / (frequency + Self.saturation * length)
        }
        return score
    }

    /// The best documents, best first; equal scores keep the order of their numbers.
    ///
    /// - Parameters:
    ///   - query: Terms; give each once.
    ///   - limit: How many at most.
    ///   - isWanted: Leaves documents out.
    /// - Returns: Numbers and scores; documents that share no term are not among them.
    package func search(
        _ query: [String],
        limit: Int,
        where isWanted: (Int) -> Bool = { _ in true }
    ) -> [(number: Int, score: Double)] {
        var candidates: Set<Int> = []
        for term in query {
            for number in postings[term] ?? [] where isWanted(number) { candidates.insert(number) }
        }
        let ranked = candidates.map { (number: $0, score: score($0, query: query)) }
            .sorted { $0.score != $1.score ? $0.score > $1.score : $0.number < $1.number }
        return Array(ranked.prefix(limit))
    }
}
