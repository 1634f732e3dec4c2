/// Times as text: `2026-01-31T12:00:00.123Z`.
///
/// Civil-calendar arithmetic after Howard Hinnant's `days_from_civil`; no Foundation, no locale, no time zone data.
package enum RFC3339 {
    /// Writes a wall time with millisecond precision in UTC.
    package static func string(milliseconds: Int64) -> String {
        String(decoding: bytes(milliseconds: milliseconds), as: UTF8.self)
    }

    /// The ASCII bytes of `string(milliseconds:)`; years outside 0000…9999 are clamped.
    package static func bytes(milliseconds: Int64) -> [UInt8] {
        let clamped = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let days = floorDivide(clamped, 86_400_000)
        let inDay = clamped - days * 86_400_000
        let date = civil(fromDays: days)
        var out = [UInt8]()
        out.reserveCapacity(24)
        append(date.year, digits: 4, to: &out)
        out.append(UInt8(ascii: "-"))
        append(date.month, digits: 2, to: &out)
        out.append(UInt8(ascii: "-"))
        append(date.day, digits: 2, to: &out)
        out.append(UInt8(ascii: "T"))
        append(inDay / 3_600_000, digits: 2, to: &out)
        out.append(UInt8(ascii: ":"))
        append(inDay / 60_000 % 60, digits: 2, to: &out)
        out.append(UInt8(ascii: ":"))
        append(inDay / 1_000 % 60, digits: 2, to: &out)
        out.append(UInt8(ascii: "."))
        append(inDay % 1_000, digits: 3, to: &out)
        out.append(UInt8(ascii: "Z"))
        return out
    }

    /// Reads a timestamp with `Z` or a numeric offset and any number of fraction digits; finer than a millisecond is cut.
    ///
    /// - Returns: Milliseconds since 1970, or nil when the text is not such a timestamp.
    package static func milliseconds(_ text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 64,
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " "),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes, 0..<4), let month = number(bytes, 5..<7), let day = number(bytes, 8..<10),
            let hour = number(bytes, 11..<13), let minute = number(bytes, 14..<16), let second = number(bytes, 17..<19),
            (1...12).contains(month), (1...daysIn(month: month, year: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var at = 19
        var fraction: Int64 = 0
        if bytes[at] == UInt8(ascii: ".") {
            at += 1
            let start = at
            while at < bytes.count, isDigit(bytes[at]) {
                if at - start < 3 { fraction = fraction * 10 + Int64(bytes[at] - 48) }
                at += 1
            }
            guard at > start else { return nil }
            for _ in min(at - start, 3)..<3 { fraction *= 10 }
        }
        guard at < bytes.count, let offset = offsetMinutes(bytes, at) else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + min(second, 59)
        return (seconds - offset * 60) * 1_000 + fraction
    }

    private static func offsetMinutes(_ bytes: [UInt8], _ at: Int) -> Int64? {
        if bytes[at] | 0x20 == UInt8(ascii: "z") { return at + 1 == bytes.count ? 0 : nil }
        guard bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-"), bytes.count == at + 6,
            bytes[at + 3] == UInt8(ascii: ":"),
            let hours = number(bytes, at + 1..<at + 3), let minutes = number(bytes, at + 4..<at + 6),
            hours < 24, minutes < 60
        else { return nil }
        return (bytes[at] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
        var value: Int64 = 0
        for index in range {
            guard isDigit(bytes[index]) else { return nil }
            value = value * 10 + Int64(bytes[index] - 48)
        }
        return value
    }

    private static func append(_ value: Int64, digits: Int, to out: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(48 + value / divisor % 10))
            divisor /= 10
        }
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        let quotient = value / by
        return value % by < 0 ? quotient - 1 : quotient
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
