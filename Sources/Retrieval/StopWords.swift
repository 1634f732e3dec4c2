/// English words too frequent to tell one text from another.
package enum StopWords {
    private static let words: Set<String> = [
        "a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
        "because", "been", "before", "being", "but", "by", "can", "cannot", "could", "did", "do", "does", "doing",
        "dont", "down", "each", "for", "from", "further", "get", "give", "had", "has", "have", "having", "he", "her",
        "here", "hers", "him", "his", "how", "i", "if", "im", "in", "into", "is", "it", "its", "ive", "just", "know",
        "let", "may", "me", "might", "more", "most", "must", "my", "no", "nor", "not", "now", "of", "off", "on", "once",
        "only", "or", "other", "our", "ours", "out", "over", "own", "please", "same", "shall", "she", "should", "so",
        "some", "such", "tell", "than", "that", "thats", "the", "their", "them", "then", "there", "these", "they",
        "this", "those", "through", "to", "too", "under", "until", "up", "us", "very", "was", "we", "were", "what",
        "whats", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you",
        "your", "yours",
    ]

    /// Whether a lower-cased word is one of them.
    package static func contains(_ word: String) -> Bool { words.contains(word) }
}
