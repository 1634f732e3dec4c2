package import Events

/// Counts tokens without a model's vocabulary, the same on every machine.
///
/// An approximation of byte-pair encodings: a run of letters is a token per started six, a run of digits per started three,
/// an ideograph or other non-ASCII letter outside Latin, Greek and Cyrillic one each, punctuation one per started two of
/// a kind in a row, and white space is free except line breaks, which are one per run. English prose comes out within about
/// ten per cent of the common vocabularies. Used when a provider tells no usage; the record then says `counted`.
package enum TokenCounter {
    /// What chat formats spend around each message and before the answer, as OpenAI documents it.
    private static let perMessage: Int64 = 3
    private static let priming: Int64 = 3

    private enum Run { case none, letters, digits, punctuation, lineBreak }

    /// Tokens of a text; texts cut at white space add up to the whole.
    package static func count(_ text: some StringProtocol) -> Int64 {
        var tokens: Int64 = 0
        var run = Run.none
        var length = 0
        var last: Unicode.Scalar?
        func step(_ kind: Run, every size: Int) {
            if run != kind { (run, length) = (kind, 0) }
            if length % size == 0 { tokens += 1 }
            length += 1
        }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x30...0x39: step(.digits, every: 3)
            case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x370...0x52F: step(.letters, every: 6)
            case 0x0A, 0x0D: step(.lineBreak, every: .max)
            case 0x09, 0x20, 0xA0: run = .none
            case 0x21...0x7E:
                if run == .punctuation, last != scalar { run = .none }
                step(.punctuation, every: 2)
            default:
                run = .none
                tokens += 1
            }
            last = scalar
        }
        return tokens
    }

    /// Tokens of a conversation as a model is given it.
    package static func count(_ messages: [ChatMessage]) -> Int64 {
        messages.reduce(priming) { $0 + perMessage + count($1.content) + ($1.name.map { count($0) } ?? 0) }
    }

    /// The usage of a call whose provider told none.
    package static func usage(prompt: [ChatMessage], answer: String) -> TokenUsage {
        let promptTokens = count(prompt)
        let answerTokens = count(answer)
        return TokenUsage(
            promptTokens: promptTokens,
            completionTokens: answerTokens,
            totalTokens: promptTokens + answerTokens,
            source: "counted"
        )
    }
}
