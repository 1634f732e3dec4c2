/// Why a text is not the JSON that was asked for.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What was wrong, in one phrase.
    public let reason: String

    /// Makes an error.
    ///
    /// - Parameter reason: What was wrong, in one phrase.
    public init(_ reason: String) {
        self.reason = reason
    }

    /// The phrase itself.
    public var description: String { "not valid JSON: \(reason)" }
}
