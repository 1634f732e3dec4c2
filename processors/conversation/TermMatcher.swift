/// Finds which of many terms occur in a text, in one pass (Aho and Corasick 1975).
///
/// Terms and text are compared as lower-case UTF-8; see `fold`.
struct TermMatcher: Sendable {
    /// Where a term may stand.
    enum Boundary: Sendable {
        /// Anywhere.
        case anywhere
        /// At the start of a word: `fail` is found in `failed`.
        case wordStart
        /// As a whole word or phrase.
        case word
    }

    struct Term: Sendable {
        var text: String
        var boundary: Boundary
    }

    private static let wordBytes: [Bool] = (0..<256).map { byte in
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80
    }

    // Bytes that no term holds share class 0, which keeps the table in the cache.
    private var byteClass = [UInt8](repeating: 0, count: 256)
    private var classCount = 1
    private var next: [Int32] = []
    private var endingHere: [[Int]] = []
    private let lengths: [Int]
    private let boundaries: [Boundary]

    init(_ terms: [Term]) {
        let folded = terms.map { Self.fold($0.text) }
        lengths = folded.map(\.count)
        boundaries = terms.map(\.boundary)
        for byte in folded.joined() where byteClass[Int(byte)] == 0 && classCount < 256 {
            byteClass[Int(byte)] = UInt8(classCount)
            classCount += 1
        }
        build(folded)
    }

    /// Lower-case UTF-8; the fast way when the text is all ASCII.
    static func fold(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 < 0x80 }) else { return Array(text.lowercased().utf8) }
        for index in bytes.indices where bytes[index] >= 0x41 && bytes[index] <= 0x5A { bytes[index] |= 0x20 }
        return bytes
    }

    /// For each term its first place in a folded text, as a byte offset; nil when it is not there.
    func find(in text: [UInt8]) -> [Int?] {
        var found = [Int?](repeating: nil, count: lengths.count)
        var state = 0
        for index in text.indices {
            state = Int(next[state * classCount + Int(byteClass[Int(text[index])])])
            for term in endingHere[state] where found[term] == nil {
                let start = index + 1 - lengths[term]
                if fits(boundaries[term], text, start, index + 1) { found[term] = start }
            }
        }
        return found
    }

    private func fits(_ boundary: Boundary, _ text: [UInt8], _ start: Int, _ end: Int) -> Bool {
        if boundary == .anywhere { return true }
        let startsWord = start == 0 || !Self.wordBytes[Int(text[start - 1])]
        if boundary == .wordStart { return startsWord }
        return startsWord && (end == text.count || !Self.wordBytes[Int(text[end])])
    }

    private mutating func build(_ terms: [[UInt8]]) {
        next = [Int32](repeating: -1, count: classCount)
        endingHere = [[]]
        for (number, term) in terms.enumerated() where !term.isEmpty {
            var state = 0
            for byte in term {
                let slot = state * classCount + Int(byteClass[Int(byte)])
                if next[slot] < 0 {
                    next[slot] = Int32(endingHere.count)
                    endingHere.append([])
                    next.append(contentsOf: repeatElement(-1, count: classCount))
                }
                state = Int(next[slot])
            }
            endingHere[state].append(number)
        }
        linkFailures()
    }

    // Breadth first, so that the state to fall back to is always done before the one that needs it.
    private mutating func linkFailures() {
        var fallback = [Int](repeating: 0, count: endingHere.count)
        var queue: [Int] = []
        for slot in 0..<classCount {
            if next[slot] < 0 { next[slot] = 0 } else { queue.append(Int(next[slot])) }
        }
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            endingHere[state] += endingHere[fallback[state]]
            for slot in 0..<classCount {
                let target = Int(next[state * classCount + slot])
                let onFailure = next[fallback[state] * classCount + slot]
                if target < 0 {
                    next[state * classCount + slot] = onFailure
                } else {
                    fallback[target] = Int(onFailure)
                    queue.append(target)
                }
            }
        }
    }
}
