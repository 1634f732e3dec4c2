/// Cuts text into words and words into stems, the same for everything that compares text by its words.
///
/// A word is a run of letters and digits (Unicode's), lower-cased; apostrophes inside a word are dropped, so that
/// `don't` is one word. Deterministic: no locale, no data files.
package enum Words {
    /// A word longer than this is cut: it is data, not language.
    private static let wordBytesMax = 64

    /// The lower-cased words in order.
    package static func split(_ text: some StringProtocol) -> [String] {
        var words: [String] = []
        var current: [UInt8] = []
        func isASCIIWord(_ byte: UInt8) -> Bool {
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7A)
        }
        func flush() {
            guard !current.isEmpty else { return }
            words.append(String(decoding: current, as: UTF8.self))
            current.removeAll(keepingCapacity: true)
        }
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                var byte = UInt8(truncatingIfNeeded: scalar.value)
                if byte >= 0x41 && byte <= 0x5A { byte |= 0x20 }
                if isASCIIWord(byte) {
                    if current.count < wordBytesMax { current.append(byte) }
                } else if byte != UInt8(ascii: "'") || current.isEmpty {
                    flush()
                }
            } else if scalar.value == 0x2019 {
                continue
            } else if scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
                if current.count < wordBytesMax { current.append(contentsOf: scalar.properties.lowercaseMapping.utf8) }
                // Scripts without spaces would give one word per sentence: each ideograph stands alone.
                if isIdeograph(scalar) { flush() }
            } else {
                flush()
            }
        }
        flush()
        return words
    }

    /// The stems of the words that carry meaning; what `BM25` compares.
    package static func terms(_ text: some StringProtocol) -> [String] {
        split(text).filter { !StopWords.contains($0) }.map(Stemmer.stem)
    }

    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0x20000...0x2FA1F: true
        default: false
        }
    }
}
