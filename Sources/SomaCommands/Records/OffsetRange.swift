/// Which part of a partition to read: rpk's forms `start`, `end`, `47`, `+2`, `-3`, `a:b`, `@t`, `@t1:t2`.
struct OffsetRange: Sendable, Equatable {
    enum Place: Sendable, Equatable {
        case start
        case end
        case offset(Int64)
        /// So many records after the start.
        case afterStart(Int64)
        /// So many records before the end.
        case beforeEnd(Int64)
        /// The first record at or after a time in milliseconds since 1970-01-01T00:00:00Z.
        case time(Int64)
    }

    var start: Place
    /// The first record that is not read; nil goes on with the log.
    var end: Place?

    init(start: Place, end: Place? = nil) {
        self.start = start
        self.end = end
    }

    /// Reads one of the forms.
    ///
    /// - Throws: `CommandError` with status usage for anything else.
    init(_ text: String, now: Int64) throws {
        let isTime = text.hasPrefix("@")
        let body = isTime ? text.dropFirst() : Substring(text)
        func place(_ part: Substring) -> Place? { isTime ? Self.time(part, now) : Self.place(part) }
        if let start = place(body) {
            self.init(start: start)
            return
        }
        // Times have colons of their own: every one may be the one between two times.
        for colon in body.indices where body[colon] == ":" {
            let left = body[..<colon]
            let right = body[body.index(after: colon)...]
            guard let start = left.isEmpty ? .start : place(left), let end = right.isEmpty ? .end : place(right) else {
                continue
            }
            self.init(start: start, end: end)
            return
        }
        throw CommandError.usage(
            "\(text) is no offset: use start, end, N, +N, -N, A:B, @TIME or @TIME:TIME (RFC 3339, unix time, -1h)"
        )
    }

    private static func time(_ text: Substring, _ now: Int64) -> Place? {
        switch text {
        case "start": .start
        case "end": .end
        default: TimeText.milliseconds(String(text), now: now).map { .time($0) }
        }
    }

    private static func place(_ text: Substring) -> Place? {
        switch text {
        case "start", "beginning", "oldest", "earliest": return .start
        case "end", "newest", "latest": return .end
        default: break
        }
        guard let number = Int64(text) else { return nil }
        if text.hasPrefix("+") { return .afterStart(number) }
        if text.hasPrefix("-") { return number == .min ? nil : .beforeEnd(-number) }
        return .offset(number)
    }
}
