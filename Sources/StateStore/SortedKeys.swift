/// Keys in byte order, in runs of bounded length so that an insertion moves little.
struct SortedKeys {
    private static let runMax = 512
    /// Ascending and none empty.
    private var runs: [[[UInt8]]] = []

    static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }

    /// Adds a key that is not there.
    mutating func insert(_ key: [UInt8]) {
        guard !runs.isEmpty else {
            runs = [[key]]
            return
        }
        let run = max(0, firstRun(after: key) - 1)
        runs[run].insert(key, at: Self.lowerBound(runs[run], key))
        guard runs[run].count > Self.runMax else { return }
        let tail = Array(runs[run][(Self.runMax / 2)...])
        runs[run].removeLast(tail.count)
        runs.insert(tail, at: run + 1)
    }

    /// Removes a key that is there.
    mutating func remove(_ key: [UInt8]) {
        let run = firstRun(after: key) - 1
        guard run >= 0 else { return }
        let place = Self.lowerBound(runs[run], key)
        guard place < runs[run].count, runs[run][place] == key else { return }
        runs[run].remove(at: place)
        if runs[run].isEmpty { runs.remove(at: run) }
    }

    /// Walks keys from a bound upwards until the closure returns false.
    func walk(from lower: [UInt8], _ body: ([UInt8]) throws -> Bool) rethrows {
        guard !runs.isEmpty else { return }
        var run = max(0, firstRun(after: lower) - 1)
        var place = Self.lowerBound(runs[run], lower)
        while run < runs.count {
            while place < runs[run].count {
                guard try body(runs[run][place]) else { return }
                place += 1
            }
            run += 1
            place = 0
        }
    }

    /// The first run whose first key is above the key.
    private func firstRun(after key: [UInt8]) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if Self.isLess(key, runs[middle][0]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func lowerBound(_ run: [[UInt8]], _ key: [UInt8]) -> Int {
        var low = 0
        var high = run.count
        while low < high {
            let middle = (low + high) / 2
            if isLess(run[middle], key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
