import Glibc
import Synchronization

/// What the watch knows about one connection.
final class ConnectionRecord: Sendable {
    enum Stage {
        /// Between two requests, or in the middle of a head.
        case head
        case body
        /// The request is read; its answer is being made or sent.
        case answer(LiveExchange)
    }

    struct State {
        /// -1 once the connection is closed: its number may belong to another by then.
        var descriptor: Int32
        var stage = Stage.head
        var sinceMilliseconds: Int64
    }

    let isFromLoopback: Bool
    let state: Mutex<State>

    init(descriptor: Int32, isFromLoopback: Bool) {
        self.isFromLoopback = isFromLoopback
        state = Mutex(State(descriptor: descriptor, sinceMilliseconds: monotonicMilliseconds()))
    }

    func enter(_ stage: Stage) {
        let now = monotonicMilliseconds()
        state.withLock {
            $0.stage = stage
            $0.sinceMilliseconds = now
        }
    }

    func close() { state.withLock { $0.descriptor = -1 } }

    /// Cuts a client that is too slow, and notices one that left while its connection sleeps.
    func inspect(now: Int64, settings: ServerSettings) {
        let answering: (exchange: LiveExchange, isLeft: Bool)? = state.withLock { state in
            guard state.descriptor >= 0 else { return nil }
            let elapsedSeconds = (now - state.sinceMilliseconds) / 1000
            switch state.stage {
            case .head:
                // libmicrohttpd's own timeout starts anew with each byte; this one ends a head that drips.
                if elapsedSeconds > Int64(settings.idleSeconds) + 15 { shutdown(state.descriptor, Int32(SHUT_RDWR)) }
                return nil
            case .body:
                if elapsedSeconds > Int64(settings.bodySeconds) { shutdown(state.descriptor, Int32(SHUT_RDWR)) }
                return nil
            case .answer(let exchange):
                return (exchange, Self.isPeerGone(state.descriptor))
            }
        }
        guard let answering else { return }
        if answering.isLeft {
            answering.exchange.abandon()
        } else {
            answering.exchange.keepAlive(now: now)
        }
    }

    private static func isPeerGone(_ descriptor: Int32) -> Bool {
        // POLLRDHUP, which Glibc's module lacks. A client that closes only its sending side counts as gone, as in nginx:
        // from here it cannot be told from one that closed both.
        let peerClosed: Int16 = 0x2000
        var poller = pollfd(fd: descriptor, events: peerClosed, revents: 0)
        return poll(&poller, 1, 0) == 1 && poller.revents & (peerClosed | Int16(POLLHUP | POLLERR)) != 0
    }
}
