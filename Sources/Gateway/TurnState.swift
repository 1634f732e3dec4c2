import Events
import HTTPServer

/// What the log tells about a turn.
enum TurnEvent: Sendable {
    case delta(index: Int64, content: String)
    case final(AssistantFinal)
    case failed(code: String, message: String)
    case denied(code: String, reason: String)
}

/// How far the answer to one chat request is: events in, what to send out.
///
/// Knows no clock, no socket and no log.
struct TurnState: Sendable {
    enum Action: Sendable {
        case nothing
        /// Answer in one piece; the turn is over.
        case respond(Response)
        /// Send bytes of a stream, begun first when `begins`, ended after when `ends`.
        case send([UInt8], begins: Bool, ends: Bool)
    }

    let frames: ChatFrames
    let isStream: Bool
    private(set) var isOver = false
    private var hasBegun = false
    private var nextIndex: Int64 = 0
    private var sentBytes = 0

    init(frames: ChatFrames, isStream: Bool) {
        self.frames = frames
        self.isStream = isStream
    }

    mutating func handle(_ event: TurnEvent) -> Action {
        guard !isOver else { return .nothing }
        switch event {
        case .delta(let index, let content):
            // A redelivered piece has an index that was seen.
            guard isStream, index >= nextIndex else { return .nothing }
            nextIndex = index + 1
            sentBytes += content.utf8.count
            return send(frames.content(content))
        case .final(let final): return finish(final)
        case .failed(let code, let message): return fail(Self.status(of: code), message, code: code)
        case .denied(let code, let reason):
            if isStream && hasBegun { return fail(403, reason, code: code) }
            isOver = true
            return .respond(ErrorAnswers.openAI(403, reason, type: "permission_error", code: code))
        }
    }

    /// The head and the role go out although nothing was said yet, so that the client sees the request live.
    mutating func begin() -> Action { isOver || !isStream || hasBegun ? .nothing : send([]) }

    /// The turn took too long.
    mutating func expire(afterMilliseconds limit: Int64) -> Action {
        guard !isOver else { return .nothing }
        let message = "The turn did not end within \(limit / 1000) s."
        if isStream && hasBegun { return fail(504, message, code: "timeout") }
        isOver = true
        return .respond(ErrorAnswers.openAI(504, message, type: "server_error", code: "timeout"))
    }

    /// The answer cannot be followed for a reason of our own, before anything was sent.
    mutating func refuse(_ response: Response) -> Action {
        guard !isOver else { return .nothing }
        isOver = true
        return .respond(response)
    }

    mutating func abandon() -> Bool {
        defer { isOver = true }
        return !isOver
    }

    private mutating func finish(_ final: AssistantFinal) -> Action {
        isOver = true
        guard isStream else { return .respond(.json(frames.whole(final))) }
        var bytes: [UInt8] = []
        // Pieces that were never seen as deltas: all of them when the turn made none.
        let content = final.content.utf8
        if content.count > sentBytes {
            let rest = String(decoding: content.dropFirst(sentBytes), as: UTF8.self)
            bytes += frames.content(rest)
        }
        bytes += frames.finish(final.finishReason)
        if frames.includesUsage { bytes += frames.usage(final.usage) }
        return send(bytes + ChatFrames.done, ends: true)
    }

    private mutating func fail(_ status: Int, _ message: String, code: String) -> Action {
        isOver = true
        // A client that asked for a stream reads frames: it gets the error as one, then the end that it waits for.
        if isStream { return send(frames.error(message, code: code) + ChatFrames.done, ends: true) }
        return .respond(ErrorAnswers.openAI(status, message, type: "server_error", code: code))
    }

    private mutating func send(_ bytes: [UInt8], ends: Bool = false) -> Action {
        defer { hasBegun = true }
        return .send(hasBegun ? bytes : frames.role() + bytes, begins: !hasBegun, ends: ends)
    }

    /// The status of a failed turn: whose fault it was, by the event's code.
    private static func status(of code: String) -> Int {
        if code.contains("timeout") { return 504 }
        if code.contains("rate_limit") { return 429 }
        if code.contains("unavailable") || code.contains("overloaded") || code.contains("unreachable") { return 503 }
        if code.contains("context_length") || code.contains("invalid_request") { return 400 }
        return 502
    }
}
