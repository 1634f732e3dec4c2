import Events
package import HTTPClient

/// Asks a server that speaks OpenAI's chat completions, streamed.
package struct OpenAIProvider: ModelProvider {
    package let name = ModelTable.remoteProvider

    /// Of the whole HTTP answer; the text in it has a bound of its own.
    private static let responseBytesMax = 16 << 20
    /// Of an answer that is no stream: an error, or a server that does not stream.
    private static let bodyBytesMax = 1 << 20

    private let remote: InferenceSettings.Remote
    private let timeouts: InferenceSettings.Timeouts
    private let client: Client

    package init(_ remote: InferenceSettings.Remote, timeouts: InferenceSettings.Timeouts, client: Client) {
        self.remote = remote
        self.timeouts = timeouts
        self.client = client
    }

    package func answer(
        _ call: ModelCall,
        emit: (String) throws(ModelError) -> Void
    ) async throws(ModelError) -> ModelEnd {
        let stream = AnswerStream()
        let number = client.start(request(call), stream)
        let timeouts = timeouts
        let client = client
        // Ends with this call: it is cancelled below.
        let watch = Task(executorPreference: ModelThreads.shared) {
            if await stream.waitForSilence(firstByte: timeouts.firstByteMilliseconds, idle: timeouts.idleMilliseconds) {
                client.cancel(number)
            }
        }
        defer { watch.cancel() }
        let result: Result<ModelEnd, ModelError> = await withTaskCancellationHandler {
            do throws(ModelError) {
                return .success(try await Self.read(stream.events, emit))
            } catch {
                client.cancel(number)
                return .failure(error)
            }
        } onCancel: {
            client.cancel(number)
        }
        return try result.get()
    }

    private func request(_ call: ModelCall) -> ClientRequest {
        var headers = [("content-type", "application/json"), ("accept", "text/event-stream")]
        if !remote.apiKey.isEmpty { headers.append(("authorization", "Bearer \(remote.apiKey)")) }
        var request = ClientRequest(
            method: "POST",
            url: remote.baseURL + "/chat/completions",
            headers: headers,
            body: ChatRequestBody.bytes(call.request, model: call.providerModel)
        )
        let total = min(timeouts.totalMilliseconds, call.millisecondsLeft)
        request.connectMilliseconds = Int(min(timeouts.connectMilliseconds, total))
        request.totalMilliseconds = Int(total)
        // Silence is watched here, because it may last longer before the first byte than after it.
        request.idleMilliseconds = Int(total)
        request.responseBytesMax = Self.responseBytesMax
        return request
    }

    private static func read(
        _ events: AsyncStream<AnswerStream.Event>,
        _ emit: (String) throws(ModelError) -> Void
    ) async throws(ModelError) -> ModelEnd {
        var head: ResponseHead?
        var parser = SSEParser()
        var chat = ChatStream()
        var body: [UInt8] = []
        for await event in events {
            switch event {
            case .head(let received): head = received
            case .bytes(let bytes):
                guard isStream(head) else {
                    body += bytes.prefix(bodyBytesMax - body.count)
                    continue
                }
                try take(bytes, &parser, &chat, emit)
                if chat.isDone { return end(chat) }
            case .end(let error):
                guard let head else { throw failure(error ?? .cutShort("no answer came")) }
                guard head.status == 200 else {
                    throw ChatError.http(status: head.status, body: body, retryAfter: head.header("retry-after"))
                }
                if let last = isStream(head) ? parser.finish() : body, !last.isEmpty, error == nil {
                    if let text = try chat.read(last) { try emit(text) }
                }
                // What was said completely counts, however the connection ended.
                if chat.isComplete { return end(chat) }
                throw failure(error ?? .cutShort("the stream ended before the answer did"))
            }
        }
        throw ModelError("cancelled", "the call was cancelled", isRetriable: true)
    }

    private static func take(
        _ bytes: [UInt8],
        _ parser: inout SSEParser,
        _ chat: inout ChatStream,
        _ emit: (String) throws(ModelError) -> Void
    ) throws(ModelError) {
        let events: [[UInt8]]
        do throws(SSEParser.TooLarge) {
            events = try parser.feed(bytes)
        } catch {
            throw ModelError("provider_protocol", "the provider sent an endless event", isRetriable: false)
        }
        for event in events {
            if let text = try chat.read(event) { try emit(text) }
        }
    }

    private static func isStream(_ head: ResponseHead?) -> Bool {
        guard let head, head.status == 200 else { return false }
        // Some servers stream without saying so; only a declared JSON body is taken for one answer.
        return !(head.header("content-type") ?? "").lowercased().hasPrefix("application/json")
    }

    private static func end(_ chat: ChatStream) -> ModelEnd {
        ModelEnd(finishReason: chat.finishReason ?? "stop", usage: chat.usage)
    }

    private static func failure(_ error: ClientError) -> ModelError {
        switch error {
        case .connectTimedOut, .idleTimedOut, .totalTimedOut:
            ModelError("provider_timeout", "the provider was too slow: \(error)", isRetriable: true)
        case .cutShort: ModelError("provider_cut", "the provider broke off: \(error)", isRetriable: true)
        case .cancelled: ModelError("cancelled", "the call was cancelled", isRetriable: true)
        case .tooLong: ModelError("answer_too_large", "\(error)", isRetriable: false)
        case .invalidRequest, .tlsFailed: ModelError("provider_unavailable", "\(error)", isRetriable: false)
        case .unknownHost, .connectFailed, .unavailable:
            ModelError("provider_unavailable", "\(error)", isRetriable: true)
        }
    }
}
