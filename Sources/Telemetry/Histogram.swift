private import Synchronization

/// Counts durations in fixed buckets; observes from any thread with three atomic adds.
package final class Histogram: Sendable {
    /// Upper bounds in seconds that fit an interactive system: 50 µs to 10 s.
    package static let latencyBounds: [Double] = [
        0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// The most buckets a histogram may have.
    package static let boundsMax = 32

    /// Upper bounds of the buckets in seconds, ascending; one more bucket holds what is above the last.
    package let bounds: [Double]
    private let boundsNanoseconds: [Int64]
    private let counts: [Cell]
    private let sumNanoseconds = Atomic<Int64>(0)

    private final class Cell: Sendable {
        let count = Atomic<Int64>(0)
    }

    package init(bounds: [Double] = Histogram.latencyBounds) {
        precondition(bounds.count <= Self.boundsMax && bounds == bounds.sorted(), "bad histogram bounds \(bounds)")
        self.bounds = bounds
        boundsNanoseconds = bounds.map { Int64($0 * 1e9) }
        counts = (0...bounds.count).map { _ in Cell() }
    }

    package func observe(nanoseconds: Int64) {
        var low = 0
        var high = boundsNanoseconds.count
        while low < high {
            let middle = (low + high) / 2
            if nanoseconds <= boundsNanoseconds[middle] { high = middle } else { low = middle + 1 }
        }
        counts[low].count.wrappingAdd(1, ordering: .relaxed)
        sumNanoseconds.wrappingAdd(max(0, nanoseconds), ordering: .relaxed)
    }

    package func observe(seconds: Double) { observe(nanoseconds: Int64(min(max(seconds, 0), 1e9) * 1e9)) }

    /// What has been counted so far, per bucket and not cumulative.
    package var snapshot: (counts: [Int64], sumSeconds: Double) {
        (counts.map { $0.count.load(ordering: .relaxed) }, Double(sumNanoseconds.load(ordering: .relaxed)) / 1e9)
    }

    /// The bucket bound in seconds under which a share (0…1) of the observations lies; nil while there are none.
    package func quantile(_ share: Double) -> Double? {
        let counts = snapshot.counts
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        var seen: Int64 = 0
        for (index, count) in counts.enumerated() {
            seen += count
            if Double(seen) >= share * Double(total) { return index < bounds.count ? bounds[index] : .infinity }
        }
        return .infinity
    }
}
