/// Model names with `*` for any run of characters.
enum ModelPattern {
    /// Whether a name fits a pattern as a whole; letters count as they are.
    ///
    /// - Complexity: O(pattern × name), no recursion.
    static func matches(_ pattern: String, _ name: String) -> Bool {
        let pattern = Array(pattern.utf8)
        let name = Array(name.utf8)
        var at = 0
        var next = 0
        var star: (pattern: Int, name: Int)?
        while next < name.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, next)
                at += 1
            } else if at < pattern.count, pattern[at] == name[next] {
                at += 1
                next += 1
            } else if let back = star {
                // The last star takes one character more.
                star = (back.pattern, back.name + 1)
                at = back.pattern + 1
                next = back.name + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
