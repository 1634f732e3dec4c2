import Events

/// Keys of the marks that say which usages and charges are counted already.
///
/// A mark lies in the day of its event, so that whole days can be dropped, and a second delivery (same event, same time)
/// looks in the same day.
enum SeenKey {
    /// Days that a mark is kept after the newest record: a second delivery that comes later is counted again.
    static let retentionDays: Int64 = 2

    static let prefix = "seen/"

    static func day(milliseconds: Int64) -> Int64 { milliseconds / 86_400_000 }

    static func key(kind: String, id: String, milliseconds: Int64) -> String {
        "\(prefix)\(padded(day(milliseconds: milliseconds)))/\(kind)/\(id)"
    }

    /// The first key that stays when the newest record is of that time.
    static func firstKept(milliseconds: Int64) -> String {
        prefix + padded(day(milliseconds: milliseconds) - retentionDays)
    }

    private static func padded(_ day: Int64) -> String {
        let digits = String(max(day, 0))
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }
}
