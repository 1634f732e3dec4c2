package import Events
private import JSON

/// A `message.user` as any producer may have written it, with what it left out filled in.
///
/// The gateway writes the whole contract. Someone with kcat may write the JSON object, or just a line of text; then the
/// session is the record key or, without one, a new session of the message's own.
package struct IncomingMessage: Sendable {
    /// A record that is no message; it goes to the dead-letter topic.
    package struct Refused: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Same bound as in the contract.
    private static let idBytesMax = 256

    package var message: UserMessage
    package var sessionID: String
    package var requestID: String

    /// Reads a record.
    ///
    /// A producer that declares its value as JSON is held to it: text is not accepted instead.
    package init(
        value: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer?,
        envelope: Envelope,
        isDeclaredJSON: Bool
    ) throws {
        message = try Self.read(value, isDeclaredJSON)
        guard !message.content.isEmpty else { throw Refused(description: "message.user /content: is empty") }
        let keyText = key.flatMap { $0.isEmpty ? nil : String(validating: $0, as: UTF8.self) }
        sessionID = message.sessionID ?? keyText ?? envelope.id
        requestID = message.requestID ?? envelope.correlationID
        for (name, id) in [("session_id", sessionID), ("request_id", requestID)] {
            guard (1...Self.idBytesMax).contains(id.utf8.count) else {
                throw Refused(description: "message.user /\(name): must have 1 to \(Self.idBytesMax) bytes")
            }
        }
    }

    private static func read(_ value: UnsafeRawBufferPointer, _ isDeclaredJSON: Bool) throws -> UserMessage {
        let first = value.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
        switch first {
        case nil: throw Refused(description: "message.user: the record has no value")
        case UInt8(ascii: "{"), UInt8(ascii: "["): return try UserMessage(bytes: value)
        case UInt8(ascii: "\""):
            // A JSON string is a text too; a line that only begins with a quotation mark is text as it stands.
            if let text = try? JSONView.parse(value, { $0.string }) { return UserMessage(content: text) }
            return try plain(value, isDeclaredJSON)
        default: return try plain(value, isDeclaredJSON)
        }
    }

    private static func plain(_ value: UnsafeRawBufferPointer, _ isDeclaredJSON: Bool) throws -> UserMessage {
        guard !isDeclaredJSON else { return try UserMessage(bytes: value) }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw Refused(description: "message.user: the value is neither JSON nor UTF-8 text")
        }
        guard !text.utf8.contains(0) else { throw Refused(description: "message.user: the text has a zero byte") }
        return UserMessage(content: text)
    }
}
