/// Takes the common English endings off a word, so that `deploys`, `deployed` and `deploying` meet.
///
/// Steps 1a–1c of Porter's algorithm (1980) and a final `e`; words that are not lower-case ASCII letters pass unchanged.
package enum Stemmer {
    /// The stem of a lower-cased word.
    package static func stem(_ word: String) -> String {
        var bytes = Array(word.utf8)
        guard bytes.count > 3, bytes.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }) else { return word }
        takePlural(&bytes)
        takePast(&bytes)
        if bytes.count > 3, bytes.last == UInt8(ascii: "y"), hasVowel(bytes.dropLast()) {
            bytes[bytes.count - 1] = UInt8(ascii: "i")
        }
        if bytes.count > 4, bytes.last == UInt8(ascii: "e") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func takePlural(_ bytes: inout [UInt8]) {
        if ends(bytes, "sses") || ends(bytes, "ies") {
            bytes.removeLast(2)
        } else if ends(bytes, "s"), !ends(bytes, "ss"), !ends(bytes, "us"), !ends(bytes, "is") {
            bytes.removeLast()
        }
    }

    private static func takePast(_ bytes: inout [UInt8]) {
        let ending = ends(bytes, "eed") ? 0 : ends(bytes, "ing") ? 3 : ends(bytes, "ed") ? 2 : 0
        guard ending > 0, bytes.count - ending >= 3, hasVowel(bytes.dropLast(ending)) else { return }
        bytes.removeLast(ending)
        if ends(bytes, "at") || ends(bytes, "bl") || ends(bytes, "iz") {
            bytes.append(UInt8(ascii: "e"))
        } else if let last = bytes.last, bytes.count > 2, bytes[bytes.count - 2] == last, !isVowel(last),
            last != UInt8(ascii: "l"), last != UInt8(ascii: "s"), last != UInt8(ascii: "z")
        {
            bytes.removeLast()
        }
    }

    private static func ends(_ bytes: [UInt8], _ suffix: StaticString) -> Bool {
        let count = suffix.utf8CodeUnitCount
        guard bytes.count > count else { return false }
        return suffix.withUTF8Buffer { bytes[(bytes.count - count)...].elementsEqual($0) }
    }

    private static func hasVowel(_ bytes: some Sequence<UInt8>) -> Bool { bytes.contains(where: isVowel) }

    private static func isVowel(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"),
            UInt8(ascii: "y"):
            true
        default: false
        }
    }
}
