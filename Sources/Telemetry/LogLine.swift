private import Clocks

/// Builds the bytes of one log line, without its line end.
enum LogLine {
    static func human(
        _ level: LogLevel,
        _ subject: String,
        _ message: String,
        _ fields: KeyValuePairs<String, LogValue>,
        _ now: Int64,
        into out: inout [UInt8]
    ) {
        out.append(contentsOf: RFC3339.bytes(milliseconds: now).dropFirst(11).dropLast())
        out.append(UInt8(ascii: " "))
        pad(level.name, 7, into: &out)
        pad(subject, 10, into: &out)
        appendClean(message, into: &out)
        for (key, value) in fields {
            out.append(UInt8(ascii: " "))
            out.append(contentsOf: key.utf8)
            out.append(UInt8(ascii: "="))
            switch value {
            case .text(let text):
                if text.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") }) || text.isEmpty {
                    appendJSON(text, into: &out)
                } else {
                    appendClean(text, into: &out)
                }
            default: appendPlain(value, into: &out)
            }
        }
    }

    static func json(
        _ level: LogLevel,
        _ subject: String,
        _ message: String,
        _ fields: KeyValuePairs<String, LogValue>,
        _ now: Int64,
        into out: inout [UInt8]
    ) {
        out.append(contentsOf: "{\"time\":\"".utf8)
        out.append(contentsOf: RFC3339.bytes(milliseconds: now))
        out.append(contentsOf: "\",\"level\":\"".utf8)
        out.append(contentsOf: level.name.utf8)
        out.append(contentsOf: "\",\"subject\":".utf8)
        appendJSON(subject, into: &out)
        out.append(contentsOf: ",\"message\":".utf8)
        appendJSON(message, into: &out)
        for (key, value) in fields {
            out.append(UInt8(ascii: ","))
            appendJSON(key, into: &out)
            out.append(UInt8(ascii: ":"))
            if case .text(let text) = value {
                appendJSON(text, into: &out)
            } else if case .number(let number) = value, !number.isFinite {
                out.append(contentsOf: "null".utf8)
            } else {
                appendPlain(value, into: &out)
            }
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func pad(_ text: String, _ width: Int, into out: inout [UInt8]) {
        out.append(contentsOf: text.utf8)
        for _ in 0..<max(1, width - text.utf8.count) { out.append(UInt8(ascii: " ")) }
    }

    private static func appendPlain(_ value: LogValue, into out: inout [UInt8]) {
        switch value {
        case .text(let text): out.append(contentsOf: text.utf8)
        case .integer(let number): out.append(contentsOf: String(number).utf8)
        case .number(let number): out.append(contentsOf: String(number).utf8)
        case .flag(let flag): out.append(contentsOf: flag ? "true".utf8 : "false".utf8)
        }
    }

    /// Control bytes become `?`: a value must never forge a line or move the terminal.
    private static func appendClean(_ text: String, into out: inout [UInt8]) {
        for byte in text.utf8 { out.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: "?") : byte) }
    }

    private static func appendJSON(_ text: String, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): out.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): out.append(contentsOf: "\\n".utf8)
            case 0..<0x20, 0x7f:
                let digits = Array("0123456789abcdef".utf8)
                out.append(contentsOf: "\\u00".utf8)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
