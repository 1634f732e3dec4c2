/// Who a connection speaks for, as Kafka writes it: `User:alice`.
package struct Principal: Hashable, Sendable, CustomStringConvertible {
    package var type: String
    package var name: String

    package init(type: String = "User", name: String) {
        self.type = type
        self.name = name
    }

    /// Whoever comes by a listener that asks for no name.
    package static let anonymous = Principal(name: "ANONYMOUS")

    /// Reads `Type:name`; the name may hold colons itself.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { return nil }
        self.init(type: String(text[..<colon]), name: String(text[text.index(after: colon)...]))
    }

    package var description: String { "\(type):\(name)" }
}
