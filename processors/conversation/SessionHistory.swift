package import Events
private import JSON

/// The last messages of a session, as the orchestrator keeps them.
package struct SessionHistory: Sendable, Equatable {
    package static let messagesMax = 20
    /// Of content in all; a longer history loses its oldest messages.
    package static let bytesMax = 64 * 1024
    /// A longer message is kept by its beginning.
    static let messageBytesMax = 16 * 1024

    /// Who said what, oldest first.
    package private(set) var messages: [ChatMessage] = []

    package init() {}

    /// Adds a message and drops what no longer fits.
    package mutating func append(_ message: ChatMessage) {
        messages.append(ChatMessage(role: message.role, content: Self.cut(message.content)))
        var bytes = messages.reduce(0) { $0 + $1.content.utf8.count }
        while messages.count > Self.messagesMax || (bytes > Self.bytesMax && messages.count > 1) {
            bytes -= messages.removeFirst().content.utf8.count
        }
    }

    /// Reads what `bytes` wrote.
    package init(bytes: UnsafeRawBufferPointer) throws {
        messages = try JSONView.parse(bytes) { view in
            var messages: [ChatMessage] = []
            try view.forEachElement { messages.append(try ChatMessage(json: $0)) }
            return messages
        }
    }

    package var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.beginArray()
        for message in messages { message.write(to: &writer) }
        writer.endArray()
        return writer.bytes
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > messageBytesMax else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: messageBytesMax)
        while end > text.startIndex, end.samePosition(in: text) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
