/// Why bytes from a network or a disk could not be read as asked.
package enum ByteError: Error, Equatable, Sendable {
    /// Fewer bytes are left than the field needs.
    case truncated(needed: Int, available: Int)
    /// A variable-length integer runs past its longest legal form.
    case invalidVarint
    /// A length is negative where it may not be.
    case negativeLength(Int)
    /// Text is not UTF-8.
    case invalidUTF8
}

extension ByteError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let needed, let available): "needs \(needed) more bytes, \(available) are left"
        case .invalidVarint: "variable-length integer is too long"
        case .negativeLength(let length): "length is \(length), must not be negative"
        case .invalidUTF8: "text is not valid UTF-8"
        }
    }
}
