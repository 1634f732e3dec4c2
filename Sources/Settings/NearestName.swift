/// Finds what someone meant who wrote a name that does not exist.
package enum NearestName {
    /// The known name closest to a wrong one, or nil when none is close: one third of its length in edits at most.
    ///
    /// - Complexity: O(names × length²); names longer than 64 bytes are not looked at.
    package static func of(_ wrong: String, among names: some Sequence<String>) -> String? {
        let bytes = Array(wrong.utf8)
        guard !bytes.isEmpty, bytes.count <= 64 else { return nil }
        var best: (name: String, edits: Int)?
        for name in names where name.utf8.count <= 64 {
            let known = Array(name.utf8)
            // A beginning of at least two letters names the whole word: `desc` means `describe`.
            let edits = bytes.count >= 2 && known.starts(with: bytes) ? 1 : distance(bytes, known)
            if edits <= max(1, max(bytes.count, known.count) / 3), edits < best?.edits ?? .max { best = (name, edits) }
        }
        return best?.name
    }

    /// The text ` (did you mean X?)` for an error message; empty when nothing is close.
    package static func hint(_ wrong: String, among names: some Sequence<String>) -> String {
        of(wrong, among: names).map { "; did you mean \($0)?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var edits = min(row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    edits = min(edits, beforeLast[j - 1] + 1)
                }
                row.append(edits)
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
