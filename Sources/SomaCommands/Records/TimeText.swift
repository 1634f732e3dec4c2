import Events
import Settings

/// Moments as people write them on a command line.
enum TimeText {
    /// Reads unix seconds (10 digits), milliseconds (13) or nanoseconds (19), RFC 3339, a date, `now`, or a time before
    /// now such as `-1h`.
    ///
    /// Takes now and gives the moment in milliseconds since 1970-01-01T00:00:00Z; nil for anything else.
    static func milliseconds(_ text: String, now: Int64) -> Int64? {
        if text == "now" { return now }
        if text.hasPrefix("-") {
            guard let before = DurationText.parse(String(text.dropFirst())) else { return nil }
            return now - DurationText.milliseconds(before)
        }
        if text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text) {
            switch text.utf8.count {
            case ...10: return number * 1000
            case ...13: return number
            case 19: return number / 1_000_000
            default: return nil
            }
        }
        // A date is its first moment; minutes without seconds are usual in ranges.
        return EventTime.milliseconds(text) ?? EventTime.milliseconds(text + "T00:00:00Z")
            ?? EventTime.milliseconds(text.replacing("Z", with: ":00Z"))
    }

    /// A time such as `850 ms`, `12.3 s`, `4 min`, `3 h` or `2 d`, for tables.
    static func span(milliseconds: Int64) -> String {
        func tenths(_ divisor: Int64) -> String { "\(milliseconds / divisor).\(milliseconds % divisor * 10 / divisor)" }
        return switch milliseconds {
        case ..<1000: "\(max(0, milliseconds)) ms"
        case ..<60_000: tenths(1000) + " s"
        case ..<3_600_000: "\(milliseconds / 60_000) min"
        case ..<172_800_000: "\(milliseconds / 3_600_000) h"
        default: "\(milliseconds / 86_400_000) d"
        }
    }
}
