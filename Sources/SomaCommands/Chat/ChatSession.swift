import HTTPClient
import JSON

/// One conversation with the gateway over its OpenAI form.
final class ChatSession {
    /// What came of a turn.
    struct Answer {
        var id = ""
        var model = ""
        var content = ""
        var finishReason: String?
        var usage: JSON?
    }

    /// Pieces of an answer, from the HTTP client's thread.
    private enum Piece: Sendable {
        case head(ResponseHead)
        case bytes([UInt8])
        case end(ClientError?)
    }

    /// Bounded by the client's `responseBytesMax`.
    private final class Receiver: ResponseReceiver {
        let mailbox = Mailbox<Piece>()
        func receive(head: ResponseHead) { mailbox.put(.head(head)) }
        func receive(bytes: UnsafeRawBufferPointer) { mailbox.put(.bytes(Array(bytes))) }
        func end(_ error: ClientError?) { mailbox.put(.end(error)) }
    }

    let session: String
    private let url: String
    private let key: String
    private let model: String
    private let client: Client

    init(url: String, key: String, model: String, session: String) throws {
        self.url = url
        self.key = key
        self.model = model
        self.session = session
        client = try Client(transfersMax: 4)
    }

    func close() { client.stop() }

    /// Sends a message and hands over the answer piece by piece as it comes.
    ///
    /// - Throws: `CommandError` in the gateway's words when it refuses or the turn fails.
    func send(_ text: String, onPiece: (String) throws -> Void) throws -> Answer {
        let body: JSON = [
            "model": .string(model), "stream": true, "stream_options": ["include_usage": true],
            "messages": [["role": "user", "content": .string(text)]],
        ]
        let receiver = Receiver()
        var request = ClientRequest(
            method: "POST",
            url: url + "/v1/chat/completions",
            headers: [
                ("authorization", "Bearer \(key)"), ("content-type", "application/json"), ("x-soma-session", session),
            ],
            body: body.bytes
        )
        request.totalMilliseconds = 600_000
        client.start(request, receiver)
        var answer = Answer()
        var head: ResponseHead?
        var lines = LineCutter()
        var refusal: [UInt8] = []
        while true {
            for piece in receiver.mailbox.takeAll() {
                switch piece {
                case .head(let received): head = received
                case .bytes(let bytes):
                    guard head?.status == 200 else {
                        refusal += bytes
                        continue
                    }
                    for line in lines.add(bytes) { try read(line, &answer, onPiece) }
                case .end(let error?): throw Self.failure(error, url)
                case .end(nil):
                    guard let head, head.status == 200 else { throw Self.refusal(head?.status ?? 0, refusal) }
                    return answer
                }
            }
        }
    }

    private func read(_ line: [UInt8], _ answer: inout Answer, _ onPiece: (String) throws -> Void) throws {
        let mark = Array("data:".utf8)
        guard line.starts(with: mark) else { return }
        let data = Array(line.dropFirst(mark.count).drop { $0 == 32 })
        guard !data.elementsEqual("[DONE]".utf8), let json = try? JSON.parse(data) else { return }
        if let error = json["error"] {
            throw CommandError(error["message"]?.string ?? error.text)
        }
        answer.id = json["id"]?.string ?? answer.id
        answer.model = json["model"]?.string ?? answer.model
        if let usage = json["usage"], usage != .null { answer.usage = usage }
        guard let choice = json["choices"]?.array?.first else { return }
        answer.finishReason = choice["finish_reason"]?.string ?? answer.finishReason
        guard let piece = choice["delta"]?["content"]?.string, !piece.isEmpty else { return }
        answer.content += piece
        try onPiece(piece)
    }

    private static func failure(_ error: ClientError, _ url: String) -> CommandError {
        error.isBeforeSending
            ? CommandError("no gateway answers at \(url): \(error); `soma dev` starts one", status: .timedOut)
            : CommandError("the answer broke off: \(error)")
    }

    private static func refusal(_ status: Int, _ body: [UInt8]) -> CommandError {
        let json = try? JSON.parse(body)
        let reason = json?["error"]?["message"]?.string ?? String(decoding: body.prefix(500), as: UTF8.self)
        let exit: ExitStatus = status == 401 || status == 403 ? .notAuthorised : status == 404 ? .notFound : .failure
        return CommandError("the gateway answers \(status): \(reason)", status: exit)
    }
}

/// Cuts bytes into lines, whatever pieces they come in.
struct LineCutter {
    private var rest: [UInt8] = []

    /// The lines that are whole now, without their ends.
    mutating func add(_ bytes: [UInt8]) -> [[UInt8]] {
        rest += bytes
        var lines: [[UInt8]] = []
        var start = 0
        while let end = rest[start...].firstIndex(of: 10) {
            lines.append(Array(rest[start..<end].last == 13 ? rest[start..<end].dropLast() : rest[start..<end]))
            start = end + 1
        }
        rest.removeFirst(start)
        return lines
    }
}
