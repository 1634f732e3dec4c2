import Events
import JSON

/// One remembered message.
package struct MemoryEntry: Sendable, Equatable {
    /// A longer text is remembered by its beginning: it would drown the rest of its own vector.
    static let textBytesMax = 8 * 1024

    /// The id of the event that carried it.
    package var id: String
    package var tenant: String
    package var sessionID: String
    /// `user` or `assistant`.
    package var role: String
    package var text: String
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var time: Int64

    package init(id: String, tenant: String, sessionID: String, role: String, text: String, time: Int64) {
        self.id = id
        self.tenant = tenant
        self.sessionID = sessionID
        self.role = role
        self.text = Self.cut(text)
        self.time = time
    }

    init?(_ json: JSONView) {
        guard let id = json["id"]?.string, let tenant = json["tenant"]?.string, let session = json["session"]?.string,
            let role = json["role"]?.string, let text = json["text"]?.string, let time = json["time"]?.int64
        else { return nil }
        self.init(id: id, tenant: tenant, sessionID: session, role: role, text: text, time: time)
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.name("id")
        json.string(id)
        json.name("tenant")
        json.string(tenant)
        json.name("session")
        json.string(sessionID)
        json.name("role")
        json.string(role)
        json.name("text")
        json.string(text)
        json.name("time")
        json.integer(time)
        json.endObject()
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textBytesMax else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: textBytesMax)
        while end > text.startIndex, end.samePosition(in: text) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}

/// An entry that a search found.
package struct MemoryHit: Sendable, Equatable {
    package var id: String
    package var sessionID: String
    package var role: String
    package var text: String
    /// 0 to 1: seven parts nearness of the vectors, three parts shared words.
    package var score: Double
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var time: Int64
}
