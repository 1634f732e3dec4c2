import HTTPServer
import Synchronization

/// A chat request that waits for its turn's events and sends what they say.
///
/// Events and deadlines come from the feed's thread alone, so what is sent is in order. The lock is not held while
/// sending: the server may call back into `abandon` from there.
final class Turn: Sendable {
    let key: TurnKey
    let deadlineMilliseconds: Int64
    let beginMilliseconds: Int64
    private let limitMilliseconds: Int64
    private let call: Call
    private let state: Mutex<TurnState>
    private let stream = Mutex<ResponseStream?>(nil)

    init(key: TurnKey, call: Call, state: TurnState, now: Int64, settings: GatewaySettings) {
        self.key = key
        self.call = call
        self.state = Mutex(state)
        limitMilliseconds = settings.turnDeadlineMilliseconds
        deadlineMilliseconds = now + settings.turnDeadlineMilliseconds
        beginMilliseconds = now + settings.streamBeginMilliseconds
    }

    var isOver: Bool { state.withLock { $0.isOver } }

    func handle(_ event: TurnEvent) { perform(state.withLock { $0.handle(event) }) }

    /// Does what the time asks for.
    func tick(now: Int64) {
        if now >= deadlineMilliseconds {
            perform(state.withLock { $0.expire(afterMilliseconds: limitMilliseconds) })
        } else if now >= beginMilliseconds {
            perform(state.withLock { $0.begin() })
        }
    }

    func refuse(_ response: Response) { perform(state.withLock { $0.refuse(response) }) }

    /// The client is gone: nobody is there to send to.
    func abandon() {
        if state.withLock({ $0.abandon() }) { call.abandon() }
        stream.withLock { $0 = nil }
    }

    private func perform(_ action: TurnState.Action) {
        switch action {
        case .nothing: break
        case .respond(let response): call.respond(response)
        case .send(let bytes, let begins, let ends):
            let stream: ResponseStream?
            if begins {
                stream = call.stream(headers: [
                    ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"),
                    ("x-accel-buffering", "no"),
                ])
                self.stream.withLock { $0 = stream }
            } else {
                stream = self.stream.withLock { $0 }
            }
            stream?.write(bytes)
            if ends {
                stream?.end()
                self.stream.withLock { $0 = nil }
            }
        }
    }
}

/// Whose turn it is.
///
/// Request ids come from clients, so a tenant's own ids must not reach another tenant's answers.
struct TurnKey: Hashable, Sendable {
    var tenant: String
    var requestID: String
}
