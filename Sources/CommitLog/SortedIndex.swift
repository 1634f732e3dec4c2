extension RandomAccessCollection where Index == Int {
    /// Where the elements begin for which `holds` is true, in a collection that has them all at its end.
    ///
    /// - Complexity: O(log *n*).
    func sortedIndex(where holds: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
