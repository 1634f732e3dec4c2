/// Turns text into a vector without a model: words, word pairs and pieces of words are hashed to dimensions.
///
/// What it is: feature hashing (Weinberger and others 2009) over stems, pairs of neighbours and letter trigrams. Texts
/// that share words, parts of words or spelling come out close. What it is not: it knows no meaning; `car` and
/// `automobile` are strangers to it. Deterministic: the same text gives the same vector on every machine, so an index
/// can be built again from the topic.
package struct HashingEmbedder: Sendable {
    /// Numbers in a vector.
    package static let dimensions = 256
    /// Changes when the same text would give another vector; an index made by another version is built anew.
    package static let version = "hashing-256-1"

    private static let wordsMax = 2000
    private static let wordWeight: Float = 1
    private static let pairWeight: Float = 0.5
    private static let pieceWeight: Float = 0.35

    package init() {}

    /// The unit vector of a text; all zero when the text has no words.
    package func embed(_ text: String) -> [Float] {
        var vector = [Float](repeating: 0, count: Self.dimensions)
        var previous: String?
        for word in Words.split(text).prefix(Self.wordsMax) {
            let meaning: Float = StopWords.contains(word) ? 0.15 : 1
            let stem = Stemmer.stem(word)
            add(hash(stem, salt: 1), Self.wordWeight * meaning, to: &vector)
            if let previous, meaning == 1 { add(hash(previous + " " + stem, salt: 2), Self.pairWeight, to: &vector) }
            if meaning == 1 { addPieces(of: word, to: &vector) }
            previous = meaning == 1 ? stem : nil
        }
        normalise(&vector)
        return vector
    }

    private func addPieces(of word: String, to vector: inout [Float]) {
        let bytes = Array("<\(word)>".utf8)
        guard bytes.count > 4 else { return }
        let weight = Self.pieceWeight / Float(bytes.count - 2).squareRoot()
        for start in 0..<bytes.count - 2 {
            add(Self.fnv(bytes[start..<start + 3], salt: 3), weight, to: &vector)
        }
    }

    // One half of the hash chooses the dimension and one bit the sign, so that collisions cancel out on average.
    private func add(_ hash: UInt64, _ weight: Float, to vector: inout [Float]) {
        let dimension = Int(truncatingIfNeeded: hash >> 32) & (Self.dimensions - 1)
        vector[dimension] += hash & 1 == 0 ? weight : -weight
    }

    private func normalise(_ vector: inout [Float]) {
        var sum: Float = 0
        for value in vector { sum += value * value }
        guard sum > 0 else { return }
        let factor = 1 / sum.squareRoot()
        for index in vector.indices { vector[index] *= factor }
    }

    private func hash(_ text: String, salt: UInt64) -> UInt64 { Self.fnv(text.utf8, salt: salt) }

    // FNV-1a with a final mix (SplitMix64's): Swift's own Hasher gives other numbers in each process.
    private static func fnv(_ bytes: some Sequence<UInt8>, salt: UInt64) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ (salt &* 0x9e37_79b9_7f4a_7c15)
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }
}
