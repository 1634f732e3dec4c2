/// The binary forms of types that are not plain integers or bytes.
enum BinaryForm {
    /// Microseconds between 1970-01-01 and 2000-01-01, the server's own epoch.
    static let epochMicroseconds: Int64 = 946_684_800_000_000

    static func timestamp(_ unixMicroseconds: Int64) throws(PostgresError) -> Int64 {
        let (value, overflow) = unixMicroseconds.subtractingReportingOverflow(epochMicroseconds)
        guard !overflow else { throw invalid("timestamp \(unixMicroseconds) is out of range") }
        return value
    }

    static func appendUUID(_ text: String, to bytes: inout [UInt8]) throws(PostgresError) {
        var value: UInt8 = 0
        var digits = 0
        for (index, character) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { throw invalid("not a UUID: \(text.prefix(40))") }
                continue
            }
            guard let digit = hexDigit(character), digits < 32 else { throw invalid("not a UUID: \(text.prefix(40))") }
            value = value << 4 | digit
            digits += 1
            if digits % 2 == 0 { bytes.append(value) }
        }
        guard digits == 32 else { throw invalid("not a UUID: \(text.prefix(40))") }
    }

    /// Writes decimal text as the server's base-10000 numeric: digit count, weight, sign, scale, digits.
    static func appendNumeric(_ text: String, to bytes: inout [UInt8]) throws(PostgresError) {
        var integral: [UInt8] = []
        var fraction: [UInt8] = []
        var isNegative = false
        var inFraction = false
        for (index, character) in text.utf8.enumerated() {
            switch character {
            case UInt8(ascii: "-") where index == 0: isNegative = true
            case UInt8(ascii: "+") where index == 0: break
            case UInt8(ascii: ".") where !inFraction: inFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if inFraction {
                    fraction.append(character - 48)
                } else if !(integral.isEmpty && character == 48) {
                    integral.append(character - 48)
                }
            default: throw invalid("not a decimal number: \(text.prefix(40))")
            }
        }
        // The text must hold a digit, and stay within what a sane amount needs; the server's own limit is far higher.
        guard text.utf8.contains(where: { (48...57).contains($0) }), integral.count <= 1000, fraction.count <= 1000
        else { throw invalid("not a decimal number: \(text.prefix(40))") }

        let scale = fraction.count
        let integralPadding = (4 - integral.count % 4) % 4
        let fractionPadding = (4 - fraction.count % 4) % 4
        let all =
            [UInt8](repeating: 0, count: integralPadding) + integral + fraction
            + [UInt8](repeating: 0, count: fractionPadding)
        var groups = stride(from: 0, to: all.count, by: 4).map { start in
            all[start..<start + 4].reduce(Int16(0)) { $0 * 10 + Int16($1) }
        }
        var weight = Int16((integral.count + integralPadding) / 4) - 1
        while groups.first == 0 {
            groups.removeFirst()
            weight -= 1
        }
        while groups.last == 0 { groups.removeLast() }
        if groups.isEmpty {
            weight = 0
            isNegative = false
        }
        bytes.append(bigEndian: Int16(groups.count))
        bytes.append(bigEndian: weight)
        bytes.append(bigEndian: isNegative ? Int16(0x4000) : 0)
        bytes.append(bigEndian: Int16(scale))
        for group in groups { bytes.append(bigEndian: group) }
    }

    static func hexDigit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - 55
        default: nil
        }
    }

    private static func invalid(_ message: String) -> PostgresError {
        PostgresError(.invalidValue, operation: "encode value", message: message)
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
