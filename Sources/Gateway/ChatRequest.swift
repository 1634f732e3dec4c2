import Events
import JSON

/// A chat completion request as OpenAI's clients send it, checked.
struct ChatRequest: Sendable {
    /// Why a request is refused, and which parameter is to blame.
    struct Refusal: Error, Equatable {
        var message: String
        var param: String?
    }

    var model: String
    var messages: [ChatMessage]
    var isStream = false
    var includesUsage = false
    var temperature: Double?
    var maxTokens: Int64?
    var stop: [String]?
    var user: String?
    var metadata: [String: String]?

    /// What the person said last; the message that the turn is about.
    var lastUserContent: String

    private static let messagesMax = 2048
    private static let metadataMax = 16

    /// Reads a body; unknown members are left alone, as OpenAI's own servers do with what is new to them.
    init(body: [UInt8]) throws(Refusal) {
        let outcome: Result<ChatRequest, Refusal>
        do {
            outcome = try JSONView.parse(body) { root in
                Result { () throws(Refusal) in try ChatRequest(root) }
            }
        } catch {
            throw Refusal(message: "The body is \(error).")
        }
        self = try outcome.get()
    }

    private init(_ root: JSONView) throws(Refusal) {
        guard root.kind == .object else { throw Refusal(message: "The body must be a JSON object.") }
        messages = try Self.messages(root)
        guard let last = messages.last(where: { $0.role == "user" }) else {
            throw Refusal(message: "'messages' must contain a message with role 'user'.", param: "messages")
        }
        guard !last.content.isEmpty else {
            throw Refusal(message: "The last message of the user has no content.", param: "messages")
        }
        lastUserContent = last.content
        model = try Self.text(root, "model", lengthMax: 256) ?? ""
        guard !model.isEmpty else { throw Refusal(message: "You must provide a 'model'.", param: "model") }
        isStream = try Self.flag(root, "stream") ?? false
        if let options = root["stream_options"], !options.isNull {
            guard options.kind == .object else { throw Self.wrong("stream_options", "an object") }
            includesUsage = try Self.flag(options, "include_usage", in: "stream_options.") ?? false
        }
        temperature = try Self.number(root, "temperature", in: 0...2)
        // The newer name wins where a client sends both.
        let newer = try Self.count(root, "max_completion_tokens")
        let older = try Self.count(root, "max_tokens")
        maxTokens = newer ?? older
        stop = try Self.stop(root)
        user = try Self.text(root, "user", lengthMax: 512)
        metadata = try Self.metadata(root)
        if let choices = try Self.count(root, "n"), choices != 1 {
            throw Refusal(message: "'n' must be 1: one choice per request is served.", param: "n")
        }
    }

    private static func messages(_ root: JSONView) throws(Refusal) -> [ChatMessage] {
        guard let list = root["messages"], list.kind == .array, list.count > 0 else {
            throw Refusal(message: "'messages' must be a list with at least one message.", param: "messages")
        }
        guard list.count <= messagesMax else {
            throw Refusal(message: "'messages' has \(list.count) elements; \(messagesMax) at most.", param: "messages")
        }
        var messages: [ChatMessage] = []
        messages.reserveCapacity(list.count)
        var failure: Refusal?
        list.forEachElement { element in
            guard failure == nil else { return }
            do throws(Refusal) {
                messages.append(try message(element, "messages[\(messages.count)]"))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return messages
    }

    private static func message(_ json: JSONView, _ place: String) throws(Refusal) -> ChatMessage {
        guard json.kind == .object else { throw wrong(place, "an object") }
        let roles = ["system", "developer", "user", "assistant", "tool"]
        guard let role = json["role"]?.string, roles.contains(role) else {
            throw wrong("\(place).role", "one of \(roles.joined(separator: ", "))")
        }
        let content = try content(json["content"], role: role, "\(place).content")
        return ChatMessage(role: role, content: content, name: try text(json, "name", in: "\(place).", lengthMax: 256))
    }

    /// A text, or the texts of its parts one after the other.
    private static func content(_ json: JSONView?, role: String, _ place: String) throws(Refusal) -> String {
        let text: String
        switch json?.kind {
        case .string: text = json?.string ?? ""
        case .array: text = try joinedParts(json, place)
        // An assistant's message that only calls tools has no content.
        case .null where role == "assistant", nil where role == "assistant": text = ""
        default: throw wrong(place, "a string or a list of text parts")
        }
        guard !text.utf8.contains(0) else {
            throw Refusal(message: "'\(place)' holds the character U+0000.", param: place)
        }
        return text
    }

    private static func joinedParts(_ list: JSONView?, _ place: String) throws(Refusal) -> String {
        var joined = ""
        var index = 0
        var failure: Refusal?
        list?.forEachElement { part in
            defer { index += 1 }
            guard failure == nil else { return }
            guard part["type"]?.string == "text", let text = part["text"]?.string else {
                failure = Refusal(
                    message: "'\(place)[\(index)]' must be a part of type 'text'; other types are not served.",
                    param: "\(place)[\(index)]"
                )
                return
            }
            joined += text
        }
        if let failure { throw failure }
        return joined
    }

    private static func stop(_ root: JSONView) throws(Refusal) -> [String]? {
        guard let json = root["stop"], !json.isNull else { return nil }
        if let text = json.string { return text.isEmpty ? nil : [text] }
        var texts: [String] = []
        json.forEachElement { if let text = $0.string, !text.isEmpty { texts.append(text) } }
        guard json.kind == .array, texts.count == json.count, texts.count <= 4 else {
            throw wrong("stop", "a string or up to four strings")
        }
        return texts.isEmpty ? nil : texts
    }

    private static func metadata(_ root: JSONView) throws(Refusal) -> [String: String]? {
        guard let json = root["metadata"], !json.isNull else { return nil }
        var pairs: [String: String] = [:]
        var isRight = json.kind == .object && json.count <= metadataMax
        json.forEachMember { name, value in
            guard let text = value.string, text.utf8.count <= 2048, name.utf8.count <= 256 else {
                isRight = false
                return
            }
            pairs[name] = text
        }
        guard isRight else { throw wrong("metadata", "an object of up to \(metadataMax) short strings") }
        return pairs.isEmpty ? nil : pairs
    }

    private static func text(
        _ json: JSONView,
        _ name: StaticString,
        in place: String = "",
        lengthMax: Int
    ) throws(Refusal) -> String? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let text = member.string, text.utf8.count <= lengthMax, !text.utf8.contains(0) else {
            throw wrong("\(place)\(name)", "a string of at most \(lengthMax) bytes")
        }
        return text
    }

    private static func flag(_ json: JSONView, _ name: StaticString, in place: String = "") throws(Refusal) -> Bool? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let flag = member.bool else { throw wrong("\(place)\(name)", "true or false") }
        return flag
    }

    private static func number(
        _ json: JSONView,
        _ name: StaticString,
        in range: ClosedRange<Double>
    ) throws(Refusal) -> Double? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let number = member.double, range.contains(number) else {
            throw wrong("\(name)", "a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
        }
        return number
    }

    private static func count(_ json: JSONView, _ name: StaticString) throws(Refusal) -> Int64? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let number = member.int64, number >= 1 else { throw wrong("\(name)", "a whole number from 1") }
        return number
    }

    private static func wrong(_ param: String, _ expected: String) -> Refusal {
        Refusal(message: "'\(param)' must be \(expected).", param: param)
    }
}
