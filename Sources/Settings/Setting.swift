/// One setting: its key, what it may hold, what it is when nobody says, and one line that explains it.
package struct Setting: Sendable {
    /// What a setting may hold; bounds are inclusive.
    package enum Kind: Sendable {
        case text
        case flag
        case integer(ClosedRange<Int64>)
        /// A time with its unit: `250ms`, `10s`, `5m`, `1h`; a plain number is seconds.
        case duration(ClosedRange<Duration>)
        case choice([String])
    }

    /// Lower case with dots, such as `gateway.http.port`; the environment has it as `SOMA_GATEWAY_HTTP_PORT`.
    package let key: String
    package let kind: Kind
    /// In the form in which one writes it; nil when there is no default.
    package let defaultText: String?
    package let doc: String
    /// Whether the value must never be shown.
    package let isSecret: Bool

    package init(_ key: String, _ kind: Kind, default defaultText: String? = nil, secret: Bool = false, _ doc: String) {
        self.key = key
        self.kind = kind
        self.defaultText = defaultText
        self.doc = doc
        isSecret = secret
    }

    /// The name of the environment variable that sets it.
    package var variable: String {
        "SOMA_" + key.uppercased().replacing(".", with: "_").replacing("-", with: "_")
    }

    /// Says what is wrong with a text as a value of this setting; nil when nothing is.
    package func fault(_ text: String) -> String? {
        switch kind {
        case .text: return nil
        case .flag: return Self.flag(text) == nil ? "must be true or false" : nil
        case .integer(let range):
            guard let number = Int64(text) else { return "must be a whole number" }
            return range.contains(number) ? nil : "is \(number), must be \(range.lowerBound)…\(range.upperBound)"
        case .duration(let range):
            guard let duration = DurationText.parse(text) else { return "must be a time such as 250ms, 10s or 5m" }
            guard !range.contains(duration) else { return nil }
            return "is \(text), must be \(DurationText.text(range.lowerBound))…\(DurationText.text(range.upperBound))"
        case .choice(let words):
            return words.contains(text) ? nil : "must be one of \(words.joined(separator: ", "))"
        }
    }

    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }
}
