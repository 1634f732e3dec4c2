/// Measures a rate over the last few windows, as Kafka's quotas do, and says how long to wait until it is kept.
///
/// The time is an argument; it never goes back.
package struct RateMeter: Sendable {
    private struct Window: Sendable {
        let start: Int64
        var sum: Double
    }

    private let windowMilliseconds: Int64
    private let windowsMax: Int
    private var windows: [Window] = []

    /// - Parameters:
    ///   - windowMilliseconds: `quota.window.size.seconds`.
    ///   - windowsMax: `quota.window.num`.
    package init(windowMilliseconds: Int64, windowsMax: Int) {
        self.windowMilliseconds = max(1, windowMilliseconds)
        self.windowsMax = max(1, windowsMax)
    }

    package mutating func record(_ value: Double, now: Int64) {
        purge(now)
        if let last = windows.last, now - last.start < windowMilliseconds {
            windows[windows.count - 1].sum += value
        } else {
            windows.append(Window(start: now, sum: value))
        }
    }

    /// Units per second.
    package mutating func rate(now: Int64) -> Double {
        purge(now)
        return windows.reduce(0) { $0 + $1.sum } / (Double(span(now)) / 1000)
    }

    /// Milliseconds to wait until the rate is within the limit, if nothing more comes.
    package mutating func throttleMilliseconds(limit: Double, now: Int64) -> Int64 {
        let rate = rate(now: now)
        guard rate > limit, limit > 0 else { return 0 }
        return Int64(((rate - limit) / limit * Double(span(now))).rounded().clamped(to: 0...Self.throttleMax))
    }

    /// An hour: whoever is that far beyond a limit has to be told by someone.
    private static let throttleMax = 3_600_000.0

    package func isIdle(now: Int64) -> Bool {
        guard let last = windows.last else { return true }
        return now - last.start > 3_600_000
    }

    /// The time measured; at least all windows but one, so that a first burst is not taken for a rate.
    private func span(_ now: Int64) -> Int64 {
        let elapsed = windows.first.map { now - $0.start } ?? 0
        let full = elapsed / windowMilliseconds
        return max(1, elapsed + max(0, Int64(windowsMax - 1) - full) * windowMilliseconds)
    }

    private mutating func purge(_ now: Int64) {
        let oldest = now - windowMilliseconds * Int64(windowsMax)
        windows.removeAll { $0.start <= oldest }
    }
}

/// Tokens that come at a steady rate and are saved up to a burst (KIP-599).
package struct TokenBucket: Sendable {
    package let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var lastMilliseconds: Int64

    package init(perSecond: Double, burstSeconds: Double, now: Int64) {
        self.perSecond = perSecond
        burst = perSecond * burstSeconds
        tokens = burst
        lastMilliseconds = now
    }

    /// Whether anything may be taken.
    package mutating func isOpen(now: Int64) -> Bool {
        refill(now)
        return tokens > 0
    }

    /// Takes more than there is, if need be: the next one waits for it.
    package mutating func take(_ count: Double, now: Int64) {
        refill(now)
        tokens -= count
    }

    /// Milliseconds until there is something to take.
    package mutating func throttleMilliseconds(now: Int64) -> Int64 {
        refill(now)
        guard tokens < 0, perSecond > 0 else { return 0 }
        return Int64((-tokens / perSecond * 1000).rounded(.up).clamped(to: 0...3_600_000))
    }

    private mutating func refill(_ now: Int64) {
        tokens = min(burst, tokens + perSecond * Double(max(0, now - lastMilliseconds)) / 1000)
        lastMilliseconds = max(now, lastMilliseconds)
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
