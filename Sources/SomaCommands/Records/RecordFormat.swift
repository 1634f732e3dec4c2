import Events
import JSON

/// How records are written: rpk's percent letters, or JSON.
struct RecordFormat: Sendable {
    enum Piece: Sendable, Equatable {
        case literal([UInt8])
        /// One of `t k v h p o d` or, for the length in bytes, `T K V H`.
        case field(Character)
    }

    /// nil is one JSON object per line.
    let pieces: [Piece]?

    private static let fields: Set<Character> = ["t", "k", "v", "h", "p", "o", "d", "i", "T", "K", "V", "H"]

    /// Reads a format.
    ///
    /// - Throws: `CommandError` with status usage that names the letter which is unknown.
    init(_ text: String) throws { pieces = text == "json" ? nil : try Self.parse(text) }

    static func parse(_ text: String) throws -> [Piece] {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "%":
                guard let letter = rest.popFirst() else { throw CommandError.usage("the format \(text) ends with %") }
                if letter == "%" {
                    literal.append(UInt8(ascii: "%"))
                    continue
                }
                guard fields.contains(letter) else {
                    throw CommandError.usage(
                        "%\(letter) is no field: %t topic %k key %v value %h headers %p partition %o offset %d time "
                            + "%i counter, upper case for the length, or json"
                    )
                }
                if !literal.isEmpty { pieces.append(.literal(literal)) }
                literal = []
                pieces.append(.field(letter))
            case "\\":
                switch rest.popFirst() {
                case "n": literal.append(10)
                case "t": literal.append(9)
                case "r": literal.append(13)
                case "0": literal.append(0)
                case "\\": literal.append(UInt8(ascii: "\\"))
                case let other:
                    throw CommandError.usage(
                        "\\\(other.map(String.init) ?? "") is no escape; there are \\n \\t \\r \\0 \\\\"
                    )
                }
            default: literal.append(contentsOf: String(character).utf8)
            }
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    /// Writes a record; the counter is how many were written before.
    func append(_ record: LogRecord, counter: Int, to out: inout [UInt8]) {
        guard let pieces else {
            out.append(contentsOf: record.json.bytes)
            out.append(10)
            return
        }
        for piece in pieces {
            switch piece {
            case .literal(let bytes): out.append(contentsOf: bytes)
            case .field(let letter): Self.append(letter, record, counter, to: &out)
            }
        }
    }

    private static func append(_ letter: Character, _ record: LogRecord, _ counter: Int, to out: inout [UInt8]) {
        switch letter {
        case "t": out.append(contentsOf: record.topic.utf8)
        case "k": out.append(contentsOf: record.key ?? [])
        case "v": out.append(contentsOf: record.value ?? [])
        case "p": out.append(contentsOf: String(record.partition).utf8)
        case "o": out.append(contentsOf: String(record.offset).utf8)
        case "d": out.append(contentsOf: String(record.timestamp).utf8)
        case "i": out.append(contentsOf: String(counter).utf8)
        case "T": out.append(contentsOf: String(record.topic.utf8.count).utf8)
        case "K": out.append(contentsOf: String(record.key?.count ?? 0).utf8)
        case "V": out.append(contentsOf: String(record.value?.count ?? 0).utf8)
        case "H": out.append(contentsOf: String(record.headers.count).utf8)
        default:
            for (index, header) in record.headers.enumerated() {
                if index > 0 { out.append(UInt8(ascii: " ")) }
                out.append(contentsOf: "\(header.name)=".utf8)
                out.append(contentsOf: header.value ?? [])
            }
        }
    }
}
