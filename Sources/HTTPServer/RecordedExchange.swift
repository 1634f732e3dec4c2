import Synchronization

/// The twin of a connection for tests: hands a request to a handler without a socket and keeps the answer.
package final class RecordedExchange: Exchange {
    private struct State {
        var response: Response?
        var isStream = false
        var isEnded = false
        var isGone = false
        var gone: (@Sendable () -> Void)?
        var waiters: [CheckedContinuation<Response, Never>] = []
    }

    private let state = Mutex(State())

    private init() {}

    /// Calls the handler, on this thread.
    package static func send(
        _ request: Request,
        to handler: (Request, Responder) -> Void
    ) -> RecordedExchange {
        let exchange = RecordedExchange()
        handler(request, Responder(exchange))
        return exchange
    }

    /// The answer so far; a streamed one grows until `isEnded`.
    package var response: Response? { state.withLock { $0.response } }
    package var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Waits for the end of the answer.
    package func wait() async -> Response {
        await withCheckedContinuation { continuation in
            let ended: Response? = state.withLock { state in
                if state.isEnded, let response = state.response { return response }
                state.waiters.append(continuation)
                return nil
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Plays a client that goes away.
    package func leave() {
        let callback = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isGone, !state.isEnded else { return nil }
            state.isGone = true
            defer { state.gone = nil }
            return state.gone
        }
        callback?()
    }

    func complete(_ response: Response) -> Bool {
        let ending: Ending? = state.withLock { state in
            guard state.response == nil, !state.isGone else { return nil }
            state.response = response
            return end(&state)
        }
        for waiter in ending?.waiters ?? [] { waiter.resume(returning: response) }
        return ending != nil
    }

    func beginStream(status: Int, headers: [(name: String, value: String)]) -> Bool {
        state.withLock { state in
            guard state.response == nil, !state.isGone else { return false }
            var response = Response(status: status)
            response.headers = headers
            state.response = response
            state.isStream = true
            return true
        }
    }

    func writeStream(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            guard state.isStream, !state.isEnded, !state.isGone else { return false }
            state.response?.body.append(contentsOf: bytes)
            return true
        }
    }

    func endStream() {
        let ended: (response: Response, ending: Ending)? = state.withLock { state in
            guard state.isStream, !state.isEnded, let response = state.response else { return nil }
            return (response, end(&state))
        }
        guard let ended else { return }
        for waiter in ended.ending.waiters { waiter.resume(returning: ended.response) }
    }

    func onGone(_ callback: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            if !state.isGone, !state.isEnded { state.gone = callback }
            return state.isGone
        }
        if isGone { callback() }
    }

    /// What is let go when the answer ends, outside the lock: the callback may hold the responder's last reference.
    private struct Ending {
        let waiters: [CheckedContinuation<Response, Never>]
        let gone: (@Sendable () -> Void)?
    }

    private func end(_ state: inout State) -> Ending {
        defer {
            state.gone = nil
            state.waiters = []
        }
        state.isEnded = true
        return Ending(waiters: state.waiters, gone: state.gone)
    }
}
