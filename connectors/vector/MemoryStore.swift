import Retrieval
import VectorIndex

/// Everything that is remembered, in memory: texts, their words and their vectors.
///
/// The newest `entriesMax` entries are kept; each one more takes the place of the oldest. Used under its owner's lock.
struct MemoryStore {
    let entriesMax: Int
    private let embedder = HashingEmbedder()
    private var graph: NeighbourIndex
    /// By number modulo `entriesMax`: the label in the graph.
    private var entries: [MemoryEntry] = []
    private var labels: [String: Int] = [:]
    private var words: [String: BM25] = [:]
    /// Entries ever added.
    private(set) var added = 0
    var positions: [MemoryBatch.Place: Int64] = [:]

    init(graph: NeighbourIndex, entriesMax: Int) {
        self.graph = graph
        self.entriesMax = entriesMax
    }

    var count: Int { entries.count }
    /// Oldest first.
    var live: [MemoryEntry] {
        guard entries.count == entriesMax else { return entries }
        let oldest = added % entriesMax
        return Array(entries[oldest...] + entries[..<oldest])
    }

    var picture: NeighbourIndex { graph }

    func contains(_ id: String) -> Bool { labels[id] != nil }

    /// Adds an entry, and its vector unless that is in the graph already; one with a known id changes nothing.
    mutating func insert(_ entry: MemoryEntry, isInGraph: Bool = false) throws {
        guard labels[entry.id] == nil else { return }
        let label = added % entriesMax
        if !isInGraph { try graph.insert(embedder.embed(entry.text), label: UInt64(label)) }
        if label < entries.count {
            let old = entries[label]
            labels[old.id] = nil
            words[old.tenant]?.remove(label)
            if words[old.tenant]?.count == 0 { words[old.tenant] = nil }
            entries[label] = entry
        } else {
            entries.append(entry)
        }
        labels[entry.id] = label
        words[entry.tenant, default: BM25()].insert(label, terms: Words.terms(entry.text))
        added += 1
    }

    // Nearness below this is chance: unrelated texts share pieces of words.
    private static let similarityMin = 0.12
    private static let vectorWeight = 0.7

    func search(tenant: String, query: String, limit: Int, session: String?) throws -> [MemoryHit] {
        guard limit > 0, let words = words[tenant] else { return [] }
        let isWanted: (Int) -> Bool = { session == nil || entries[$0].sessionID == session }
        let terms = Words.terms(query).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let byWords = words.search(terms, limit: limit * 4, where: isWanted)
        var similarities = try near(embedder.embed(query), limit: limit * 2) {
            entries[$0].tenant == tenant && isWanted($0)
        }
        let vector = embedder.embed(query)
        for hit in byWords where similarities[hit.number] == nil {
            similarities[hit.number] = cosine(vector, embedder.embed(entries[hit.number].text))
        }
        let best = byWords.first?.score ?? 0
        let hits = similarities.compactMap { label, similarity -> (label: Int, score: Double)? in
            let shared = best > 0 ? words.score(label, query: terms) / best : 0
            guard shared > 0 || similarity >= Self.similarityMin else { return nil }
            return (label, Self.vectorWeight * max(0, similarity) + (1 - Self.vectorWeight) * min(1, shared))
        }
        // Equal scores: the newer one first, and never the order of a dictionary.
        return hits.sorted { left, right in
            if left.score != right.score { return left.score > right.score }
            let (one, other) = (entries[left.label], entries[right.label])
            return (one.time, one.id) > (other.time, other.id)
        }.prefix(limit).map { hit in
            let entry = entries[hit.label]
            return MemoryHit(
                id: entry.id,
                sessionID: entry.sessionID,
                role: entry.role,
                text: entry.text,
                score: hit.score,
                time: entry.time
            )
        }
    }

    // The graph knows no tenants: ever more neighbours are fetched until enough of them are wanted. The last step looks at
    // a bounded number, so a tenant with few texts among very many may be served by words alone.
    private func near(_ vector: [Float], limit: Int, where isWanted: (Int) -> Bool) throws -> [Int: Double] {
        guard vector.contains(where: { $0 != 0 }) else { return [:] }
        var fetched = max(limit * 4, 32)
        while true {
            let found = try graph.search(vector, limit: fetched)
            var similarities: [Int: Double] = [:]
            for neighbour in found {
                guard let label = Int(exactly: neighbour.label), label < entries.count, isWanted(label) else {
                    continue
                }
                similarities[label] = Double(neighbour.similarity)
                if similarities.count == limit { break }
            }
            if similarities.count >= limit || fetched >= entries.count || fetched >= 4096 { return similarities }
            fetched *= 4
        }
    }

    private func cosine(_ left: [Float], _ right: [Float]) -> Double {
        var sum: Float = 0
        for index in left.indices { sum += left[index] * right[index] }
        return Double(sum)
    }
}
