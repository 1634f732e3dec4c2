import Clocks
import Events
import HTTPServer

/// `POST /v1/chat/completions`: writes a `message.user` and follows its turn.
struct ChatHandler: Sendable {
    let settings: GatewaySettings
    let services: GatewayServices
    let table: TurnTable
    let ids: IdentifierSource

    func handle(_ call: Call) {
        do throws(ChatRequest.Refusal) {
            try start(call)
        } catch {
            call.respond(ErrorAnswers.openAI(400, error.message, param: error.param))
        }
    }

    private func start(_ call: Call) throws(ChatRequest.Refusal) {
        let request = try ChatRequest(body: call.request.body)
        guard services.models().contains(where: { $0.id == request.model }) else {
            call.respond(
                ErrorAnswers.openAI(
                    404,
                    "The model '\(request.model)' does not exist; GET /v1/models lists those that do.",
                    param: "model",
                    code: "model_not_found"
                )
            )
            return
        }
        let session = try sessionID(call, request)
        let now = services.clock.wallMilliseconds
        let record = record(call, request, session: session, now: now)
        guard record.byteCount <= settings.recordBytesMax else {
            call.respond(
                ErrorAnswers.openAI(
                    413,
                    "The request makes a record of \(record.byteCount) bytes; \(settings.recordBytesMax) at most.",
                    code: "request_too_large"
                )
            )
            return
        }
        let frames = ChatFrames(
            id: "chatcmpl-" + call.requestID,
            created: now / 1000,
            model: request.model,
            includesUsage: request.includesUsage
        )
        let turn = Turn(
            key: TurnKey(tenant: call.principal.tenant, requestID: call.requestID),
            call: call,
            state: TurnState(frames: frames, isStream: request.isStream),
            now: services.clock.monotonicMilliseconds,
            settings: settings
        )
        switch table.register(turn) {
        case .registered: follow(turn, call, record)
        case .duplicate:
            call.respond(
                ErrorAnswers.openAI(
                    409,
                    "The request '\(call.requestID)' is on its way already.",
                    type: "conflict_error",
                    code: "request_in_progress"
                )
            )
        case .full:
            call.respond(
                ErrorAnswers.openAI(
                    429,
                    "Too many requests wait for their answers; try again shortly.",
                    type: "rate_limit_error",
                    code: "rate_limit_exceeded",
                    retryAfter: 1
                )
            )
        }
    }

    private func follow(_ turn: Turn, _ call: Call, _ record: OutgoingRecord) {
        let table = table
        call.responder.onGone {
            turn.abandon()
            table.remove(turn)
        }
        services.log.append([record]) { outcome in
            guard case .failure(let error) = outcome else { return }
            turn.refuse(Self.answer(error))
            table.remove(turn)
        }
    }

    private static func answer(_ error: AppendError) -> Response {
        switch error {
        case .overloaded:
            ErrorAnswers.openAI(
                503,
                "The gateway has too much on its way; try again shortly.",
                type: "server_error",
                code: "overloaded",
                retryAfter: 1
            )
        case .unavailable(let reason):
            ErrorAnswers.openAI(
                503,
                "The log cannot be written: \(reason).",
                type: "server_error",
                code: "service_unavailable",
                retryAfter: 2
            )
        case .refused(let reason):
            ErrorAnswers.openAI(500, "The log refused the message: \(reason).", type: "server_error")
        }
    }

    private func sessionID(_ call: Call, _ request: ChatRequest) throws(ChatRequest.Refusal) -> String {
        if let header = call.request.headers["x-soma-session"] {
            guard IdentifierSource.isIdentifier(header) else {
                throw ChatRequest.Refusal(
                    message: "Header 'x-soma-session' must have 1 to 256 bytes without control characters."
                )
            }
            return header
        }
        guard let given = request.metadata?["session_id"] else { return ids.new() }
        guard IdentifierSource.isIdentifier(given) else {
            throw ChatRequest.Refusal(
                message: "'metadata.session_id' must have 1 to 256 bytes without control characters.",
                param: "metadata.session_id"
            )
        }
        return given
    }

    private func record(_ call: Call, _ request: ChatRequest, session: String, now: Int64) -> OutgoingRecord {
        let message = UserMessage(
            sessionID: session,
            content: request.lastUserContent,
            requestID: call.requestID,
            model: request.model,
            messages: request.messages,
            user: request.user,
            stream: request.isStream,
            includeUsage: request.includesUsage,
            temperature: request.temperature,
            maxTokens: request.maxTokens,
            stop: request.stop,
            metadata: request.metadata
        )
        let envelope = Envelope(
            id: ids.eventID(for: call),
            source: "/gateway",
            type: UserMessage.type,
            time: now,
            subject: call.principal.subject,
            dataSchema: UserMessage.schemaID,
            tenant: call.principal.tenant,
            correlationID: call.requestID,
            traceparent: IdentifierSource.traceparent(call.request)
        )
        return OutgoingRecord(
            topic: UserMessage.topic,
            key: Array(session.utf8),
            value: message.bytes,
            headers: envelope.headers,
            timestamp: now
        )
    }
}
