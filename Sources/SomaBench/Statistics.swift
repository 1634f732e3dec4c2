import JSON

/// Order statistics of a set of measurements.
struct Statistics {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    /// The smallest value that at least this share of all values does not exceed.
    func quantile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let rank = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted[min(max(rank, 0), sorted.count - 1)]
    }

    var count: Int { sorted.count }
    var median: Double { quantile(0.5) }

    /// p50, p99, p999 and the greatest value, rounded to a thousandth.
    var latencyMembers: [JSON.Member] {
        [("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999), ("max_ms", 1)].map { name, share in
            JSON.Member(name, .number((quantile(share) * 1000).rounded() / 1000))
        }
    }

    /// Least, median and greatest of several runs, rounded to whole numbers.
    var spread: JSON {
        .array([quantile(0), median, quantile(1)].map { .integer(Int64($0.rounded())) })
    }
}
