/// Cuts a stream of server-sent events into their data, whatever way the bytes arrive.
///
/// The WHATWG rules: lines end with LF, CR or CRLF; a blank line ends an event; `data:` lines are joined with LF; lines
/// that begin with a colon are comments; other fields do not concern us. A byte order mark at the start is skipped.
package struct SSEParser: Sendable {
    /// A line or an event larger than the bound.
    package struct TooLarge: Error, Equatable {}

    private let eventBytesMax: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var lastWasCR = false
    private var isFirstLine = true

    package init(eventBytesMax: Int = 4 << 20) {
        self.eventBytesMax = eventBytesMax
    }

    /// Takes bytes in and gives the data of each event that they complete.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n"), lastWasCR {
                lastWasCR = false
                continue
            }
            lastWasCR = byte == UInt8(ascii: "\r")
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                guard line.count + data.count < eventBytesMax else { throw TooLarge() }
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    /// The data of an event that the end of the stream cut off before its blank line; WHATWG drops it, but a provider
    /// whose last line lacks the line break has still said it.
    package mutating func finish() -> [UInt8]? {
        if !line.isEmpty { _ = endLine() }
        guard hasData else { return nil }
        hasData = false
        return data
    }

    private mutating func endLine() -> [UInt8]? {
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            guard hasData else { return nil }
            defer {
                data.removeAll(keepingCapacity: true)
                hasData = false
            }
            return data
        }
        guard line.starts(with: "data".utf8) else { return nil }
        var rest = line.dropFirst(4)
        guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return nil }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        if hasData { data.append(UInt8(ascii: "\n")) }
        data.append(contentsOf: rest)
        hasData = true
        return nil
    }
}
