import Events
import JSON

/// Cuts standard input into records: by percent letters and the text between them, or one JSON object per line.
struct RecordReader {
    enum Form {
        case pieces([RecordFormat.Piece])
        case json
    }

    /// A record of input may not be larger than this, like a record of the log.
    static let recordBytesMax = 1 << 20

    let form: Form

    init(_ text: String) throws {
        if text == "json" {
            form = .json
            return
        }
        let pieces = try RecordFormat.parse(text)
        for (place, piece) in pieces.enumerated() {
            guard case .field(let letter) = piece else { continue }
            guard "tkv".contains(letter) else {
                throw CommandError.usage(
                    "%\(letter) cannot be read from input; use %t, %k and %v with text between them"
                )
            }
            guard place + 1 < pieces.count, case .literal = pieces[place + 1] else {
                throw CommandError.usage("the format \(text) must have text after %\(letter), such as a space or \\n")
            }
        }
        guard pieces.contains(where: { if case .field = $0 { true } else { false } }) else {
            throw CommandError.usage("the format \(text) reads nothing; use %v\\n")
        }
        form = .pieces(pieces)
    }

    /// Takes the first whole record off the input; nil when there is none.
    ///
    /// When nothing follows, what is left is a record although its last delimiter is missing.
    func next(_ input: inout ArraySlice<UInt8>, topic: String, isLast: Bool) throws -> LogRecord? {
        switch form {
        case .json:
            while !input.isEmpty {
                let end = input.firstIndex(of: 10)
                guard end != nil || isLast else { return nil }
                let line = input[..<(end ?? input.endIndex)]
                input = input[min(input.endIndex, (end ?? input.endIndex) + (end == nil ? 0 : 1))...]
                if !line.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { return try Self.parse(Array(line), topic) }
            }
            return nil
        case .pieces(let pieces): return try cut(&input, pieces, topic, isLast)
        }
    }

    private func cut(
        _ input: inout ArraySlice<UInt8>,
        _ pieces: [RecordFormat.Piece],
        _ topic: String,
        _ isLast: Bool
    ) throws -> LogRecord? {
        guard !input.isEmpty else { return nil }
        var rest = input
        var record = LogRecord(topic: topic)
        var place = 0
        while place < pieces.count {
            switch pieces[place] {
            case .literal(let bytes):
                guard rest.starts(with: bytes) else {
                    throw CommandError(
                        "the input does not fit the format at a record's byte \(rest.startIndex - input.startIndex)"
                    )
                }
                rest = rest.dropFirst(bytes.count)
            case .field(let letter):
                guard case .literal(let stop) = pieces[place + 1] else { return nil }
                let isFinal = isLast && place + 2 == pieces.count
                guard let end = Self.find(stop, in: rest) ?? (isFinal ? rest.endIndex : nil) else {
                    guard !isLast else { throw CommandError("the input ends within a record") }
                    return nil
                }
                let bytes = Array(rest[rest.startIndex..<end])
                switch letter {
                case "t": record.topic = String(decoding: bytes, as: UTF8.self)
                case "k": record.key = bytes
                default: record.value = bytes
                }
                rest = rest[end...].dropFirst(stop.count)
                place += 1
            }
            place += 1
        }
        input = rest
        return record
    }

    private static func find(_ stop: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = stop.first else { return nil }
        var place = bytes.startIndex
        while let hit = bytes[place...].firstIndex(of: first) {
            if bytes[hit...].starts(with: stop) { return hit }
            place = hit + 1
        }
        return nil
    }

    /// The same members that JSON output has; only the value is needed.
    private static func parse(_ line: [UInt8], _ topic: String) throws -> LogRecord {
        let json: JSON
        do {
            json = try JSON.parse(line)
        } catch {
            throw CommandError("a line of the input is no JSON: \(error)")
        }
        guard json.members != nil else { throw CommandError("a line of the input is no JSON object") }
        var record = LogRecord(topic: json["topic"]?.string ?? topic)
        record.partition = json["partition"]?.int64.flatMap { Int32(exactly: $0) } ?? -1
        record.timestamp = json["timestamp"]?.int64 ?? -1
        record.key = try bytes("key", of: json)
        record.value = try bytes("value", of: json)
        for header in json["headers"]?.array ?? [] {
            guard let name = header["key"]?.string else { throw CommandError("a header in the input has no key") }
            record.headers.append(RecordHeader(name, try bytes("value", of: header)))
        }
        for header in json["headers"]?.members ?? [] {
            record.headers.append(RecordHeader(header.name, header.value.string.map { Array($0.utf8) }))
        }
        return record
    }

    private static func bytes(_ name: String, of json: JSON) throws -> [UInt8]? {
        if let text = json[name + "_base64"]?.string {
            guard let bytes = Base64.decode(text) else {
                throw CommandError("\(name)_base64 in the input is no base 64")
            }
            return bytes
        }
        switch json[name] {
        case nil, .null: return nil
        case .string(let text): return Array(text.utf8)
        // A value that is JSON itself may stand there as it is.
        case let other?: return other.bytes
        }
    }
}
