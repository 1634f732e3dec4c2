package import Events
private import JSON

/// The last messages of a session, as the orchestrator keeps them.
package struct SessionHistory: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var requestID: String
        var message: ChatMessage
    }

    package static let messagesMax = 20
    /// Of content in all; a longer history loses its oldest messages.
    package static let bytesMax = 64 * 1024
    /// A longer message is kept by its beginning.
    static let messageBytesMax = 16 * 1024

    /// Oldest first.
    private var entries: [Entry] = []

    package init() {}

    /// Who said what, oldest first.
    package var messages: [ChatMessage] { entries.map(\.message) }

    /// The history as it was before a request: for a second delivery, what came after it does not count.
    package func before(_ requestID: String) -> [ChatMessage] {
        let end = entries.firstIndex { $0.requestID == requestID && $0.message.role == "user" } ?? entries.count
        return entries[..<end].map(\.message)
    }

    /// Adds what was said in a request, once per role, and drops what no longer fits.
    package mutating func append(role: String, content: String, requestID: String) {
        guard !entries.contains(where: { $0.requestID == requestID && $0.message.role == role }) else { return }
        let message = ChatMessage(role: role, content: Self.cut(content))
        // An answer goes behind its own question, also when the next question was seen first.
        if role == "assistant", let question = entries.firstIndex(where: { $0.requestID == requestID }) {
            entries.insert(Entry(requestID: requestID, message: message), at: question + 1)
        } else {
            entries.append(Entry(requestID: requestID, message: message))
        }
        var bytes = entries.reduce(0) { $0 + $1.message.content.utf8.count }
        while entries.count > Self.messagesMax || (bytes > Self.bytesMax && entries.count > 1) {
            bytes -= entries.removeFirst().message.content.utf8.count
        }
    }

    /// Reads what `bytes` wrote.
    package init(bytes: [UInt8]) throws {
        try JSONView.parse(bytes) { view in
            try view.forEachElement { element in
                guard let requestID = element["request_id"]?.string, let message = element["message"] else {
                    throw JSONError("an entry of a session history lacks a member")
                }
                entries.append(Entry(requestID: requestID, message: try ChatMessage(json: message)))
            }
        }
    }

    package var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.beginArray()
        for entry in entries {
            writer.beginObject()
            writer.name("request_id")
            writer.string(entry.requestID)
            writer.name("message")
            entry.message.write(to: &writer)
            writer.endObject()
        }
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
