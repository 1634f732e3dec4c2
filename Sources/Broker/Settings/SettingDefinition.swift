/// One row of a settings table: what may be set, to what, and what it does.
package struct SettingDefinition: Sendable {
    package enum Kind: Sendable, Equatable {
        case integer(ClosedRange<Int64>)
        case number(ClosedRange<Double>)
        case flag
        case text
        /// One of several words.
        case choice([String])
        /// Words with commas between them, each one of several when they are given.
        case list([String])
    }

    package let key: String
    package let kind: Kind
    package let defaultValue: String
    package let documentation: String
    /// For a topic setting: the broker setting whose value it takes when it is not set itself.
    package let brokerKey: String?
    /// The value is never shown, neither to clients nor in the log.
    package let isSecret: Bool

    init(
        _ key: String,
        _ kind: Kind,
        _ defaultValue: String,
        _ documentation: String,
        broker: String? = nil,
        isSecret: Bool = false
    ) {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        self.documentation = documentation
        brokerKey = broker
        self.isSecret = isSecret
    }

    /// What is wrong with a value, nil when nothing is.
    package func problem(with value: String) -> String? {
        switch kind {
        case .integer(let range):
            guard let number = Int64(value) else { return "'\(value)' is not a whole number" }
            return range.contains(number) ? nil : "\(number) is outside \(range.lowerBound)…\(range.upperBound)"
        case .number(let range):
            guard let number = Double(value) else { return "'\(value)' is not a number" }
            return range.contains(number) ? nil : "\(number) is outside \(range.lowerBound)…\(range.upperBound)"
        case .flag:
            return value == "true" || value == "false" ? nil : "'\(value)' is neither true nor false"
        case .text:
            return nil
        case .choice(let words):
            return words.contains(value) ? nil : "'\(value)' is none of \(words.joined(separator: ", "))"
        case .list(let words):
            for item in Self.items(value) where !words.isEmpty && !words.contains(item) {
                return "'\(item)' is none of \(words.joined(separator: ", "))"
            }
            return nil
        }
    }

    /// The words of a list value.
    package static func items(_ value: String) -> [String] {
        value.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    }

    /// The type number that DescribeConfigs answers.
    package var protocolType: Int8 {
        if isSecret { return 9 }
        return switch kind {
        case .flag: 1
        case .text, .choice: 2
        case .integer(let range): range.upperBound > Int64(Int32.max) ? 5 : 3
        case .number: 6
        case .list: 7
        }
    }
}

/// Finds the name that someone meant.
package enum NearestName {
    /// The candidate with the smallest edit distance, if it is small enough to be a slip.
    package static func of(_ name: String, in candidates: [String]) -> String? {
        let best = candidates.map { ($0, distance(Array(name.utf8.prefix(100)), Array($0.utf8))) }.min { $0.1 < $1.1 }
        guard let best, best.1 <= max(2, name.utf8.count / 3) else { return nil }
        return best.0
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var previous = row[0]
            row[0] = index + 1
            for column in right.indices {
                let cost = min(row[column] + 1, row[column + 1] + 1, previous + (character == right[column] ? 0 : 1))
                previous = row[column + 1]
                row[column + 1] = cost
            }
        }
        return row[right.count]
    }
}
