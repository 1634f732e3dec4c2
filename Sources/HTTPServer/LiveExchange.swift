import CMicroHTTPD
import Glibc
import Synchronization

/// One request on a connection of libmicrohttpd.
///
/// A thread of the server reads the request into the plain properties, and nobody else sees the exchange before it is
/// read. From then on everything shared is under the lock. Lock order: this lock, then libmicrohttpd's own, which it
/// takes in suspend and resume and never holds over a callback.
final class LiveExchange: Exchange, @unchecked Sendable {
    // Sendable holds: see above.

    enum Phase {
        case receiving
        /// The handler runs and the answer may come at any moment.
        case handling
        /// The connection sleeps until the answer comes.
        case waiting
        /// The answer is here and libmicrohttpd has yet to take it.
        case answered
        /// libmicrohttpd sends the answer.
        case sending
        case finished
    }

    enum Answer {
        case whole(Response)
        case stream(status: Int, headers: [(name: String, value: String)])
    }

    struct State {
        var phase = Phase.receiving
        var answer: Answer?
        var isStream = false
        var isGone = false
        var gone: (@Sendable () -> Void)?
        var pending: [UInt8] = []
        var pendingStart = 0
        var isEnded = false
        /// The stream has nothing to send and its connection sleeps.
        var isDry = false
        var lastWriteMilliseconds: Int64 = 0
    }

    let connection: OpaquePointer
    let settings: ServerSettings
    let target: String
    var request: Request?
    let state = Mutex(State())

    init(connection: OpaquePointer, target: String, settings: ServerSettings) {
        self.connection = connection
        self.target = target
        self.settings = settings
    }

    func complete(_ response: Response) -> Bool { take(.whole(response)) }

    func beginStream(status: Int, headers: [(name: String, value: String)]) -> Bool {
        take(.stream(status: status, headers: headers))
    }

    private func take(_ answer: Answer) -> Bool {
        state.withLock { state in
            guard state.answer == nil, !state.isGone else { return false }
            switch state.phase {
            case .handling: break
            // Resumed under the lock: the server cannot be torn down between the two.
            case .waiting: MHD_resume_connection(connection)
            case .receiving, .answered, .sending, .finished: return false
            }
            state.answer = answer
            if case .stream = answer { state.isStream = true }
            state.lastWriteMilliseconds = monotonicMilliseconds()
            state.phase = .answered
            return true
        }
    }

    func writeStream(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        let gone: (@Sendable () -> Void)?
        (gone, _) = state.withLock { state in
            guard state.isStream, !state.isEnded, !state.isGone, state.phase != .finished else { return (nil, false) }
            guard state.pending.count - state.pendingStart + bytes.count <= settings.streamBufferBytesMax else {
                return (markGone(&state), false)
            }
            state.pending.append(contentsOf: bytes)
            state.lastWriteMilliseconds = monotonicMilliseconds()
            wake(&state)
            return (nil, true)
        }
        gone?()
        return state.withLock { $0.isStream && !$0.isEnded && !$0.isGone && $0.phase != .finished }
    }

    func endStream() {
        state.withLock { state in
            guard state.isStream, !state.isEnded else { return }
            state.isEnded = true
            wake(&state)
        }
    }

    func onGone(_ callback: @escaping @Sendable () -> Void) {
        let (isGone, replaced) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isGone else { return (true, nil) }
            guard state.phase != .finished else { return (false, nil) }
            defer { state.gone = callback }
            return (false, state.gone)
        }
        withExtendedLifetime(replaced) { if isGone { callback() } }
    }

    /// Gives the exchange up: the client left, reads too slowly, or the server stops.
    func abandon() { state.withLock { markGone(&$0) }?() }

    private func markGone(_ state: inout State) -> (@Sendable () -> Void)? {
        guard !state.isGone, state.phase != .finished else { return nil }
        state.isGone = true
        if state.phase == .waiting {
            state.phase = .answered
            MHD_resume_connection(connection)
        }
        wake(&state)
        defer { state.gone = nil }
        return state.gone
    }

    private func wake(_ state: inout State) {
        guard state.isDry, state.phase == .sending else { return }
        state.isDry = false
        MHD_resume_connection(connection)
    }

    /// Puts a comment into a stream that was silent for long.
    func keepAlive(now: Int64) {
        guard settings.streamCommentSeconds > 0 else { return }
        let isDue = state.withLock { state in
            state.isStream && state.phase == .sending && !state.isEnded
                && now - state.lastWriteMilliseconds >= Int64(settings.streamCommentSeconds) * 1000
        }
        if isDue { _ = writeStream(Array(": ping\n\n".utf8)) }
    }

    /// Copies what waits into libmicrohttpd's buffer; lets the connection sleep when nothing does.
    func readStream(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            if state.isGone { return -2 }
            let count = min(buffer.count, state.pending.count - state.pendingStart)
            guard count > 0 else {
                if state.isEnded { return -1 }
                state.isDry = true
                MHD_suspend_connection(connection)
                return 0
            }
            state.pending.withUnsafeBytes { pending in
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: pending[state.pendingStart..<state.pendingStart + count])
                )
            }
            state.pendingStart += count
            if state.pendingStart == state.pending.count {
                state.pending.removeAll(keepingCapacity: true)
                state.pendingStart = 0
            }
            return count
        }
    }

    /// The connection is done with this request.
    func finish(delivered: Bool) {
        // Let go outside the lock: the callback may hold the last reference to the responder, whose end comes back here.
        let callback = state.withLock { state in
            defer { state.gone = nil }
            state.phase = .finished
            state.isGone = state.isGone || !delivered
            state.answer = nil
            state.pending = []
            return state.gone
        }
        if !delivered { callback?() }
    }
}

func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
