/// Reads the target of a request line; strict, so that no two readers can disagree about it.
enum RequestTarget {
    /// - Returns: Nil when the target is neither a path nor an absolute `http` URI, when an escape is cut or not
    ///   hexadecimal, or when what it says is not UTF-8 or holds a control character.
    static func parse(_ target: String) -> (path: String, query: [Request.Parameter])? {
        var bytes = ArraySlice(target.utf8)
        if bytes.first != UInt8(ascii: "/") {
            if target == "*" { return ("*", []) }
            let scheme = Array("http://".utf8)
            guard bytes.count > scheme.count, bytes.prefix(scheme.count).elementsEqual(scheme) else { return nil }
            bytes = bytes.dropFirst(scheme.count).drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            if bytes.first != UInt8(ascii: "/") { bytes = [UInt8(ascii: "/")] + bytes }
        }
        guard !bytes.contains(UInt8(ascii: "#")) else { return nil }
        let questionMark = bytes.firstIndex(of: UInt8(ascii: "?"))
        guard let path = decode(bytes[..<(questionMark ?? bytes.endIndex)], plusIsSpace: false) else { return nil }
        var query: [Request.Parameter] = []
        if let questionMark {
            for pair in bytes[(questionMark + 1)...].split(separator: UInt8(ascii: "&")) {
                let equals = pair.firstIndex(of: UInt8(ascii: "="))
                guard let name = decode(pair[..<(equals ?? pair.endIndex)], plusIsSpace: true),
                    let value = decode(equals.map { pair[($0 + 1)...] } ?? [], plusIsSpace: true)
                else { return nil }
                query.append(Request.Parameter(name: name, value: value))
            }
        }
        return (path, query)
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard bytes.endIndex - index >= 2, let high = digit(bytes[index]), let low = digit(bytes[index + 1])
                else { return nil }
                byte = high << 4 | low
                index += 2
            } else if byte == UInt8(ascii: "+"), plusIsSpace {
                byte = UInt8(ascii: " ")
            }
            // A line break is fine in a query value, say in a search text; nothing sane holds other control bytes.
            guard byte >= 0x20 && byte != 0x7F || plusIsSpace && (0x09...0x0D).contains(byte) else { return nil }
            decoded.append(byte)
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        default: nil
        }
    }
}
