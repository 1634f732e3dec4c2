/// Times as people write them.
package enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]

    /// Reads `250ms`, `10s`, `1.5s`, `5m`, `2h`, `7d` or `1w`; a number without a unit is seconds.
    ///
    /// - Returns: nil for anything else, for a negative time, or above 100 years.
    package static func parse(_ text: String) -> Duration? {
        let unit = units.first { text.hasSuffix($0.suffix) && text.dropLast($0.suffix.count).last?.isNumber == true }
        let digits = unit.map { text.dropLast($0.suffix.count) } ?? Substring(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }),
            let number = Double(digits)
        else { return nil }
        let milliseconds = number * Double(unit?.milliseconds ?? 1000)
        guard milliseconds.isFinite, milliseconds <= 3_155_760_000_000 else { return nil }
        return .milliseconds(Int64(milliseconds.rounded()))
    }

    /// Writes a time with the largest unit that divides it: `250ms`, `10s`, `5m`.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = milliseconds(duration)
        let unit = units.last { milliseconds != 0 && milliseconds % $0.milliseconds == 0 } ?? units[1]
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }

    /// Whole milliseconds of a time, cut to what 64 bits hold.
    package static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000_000_000
    }
}
