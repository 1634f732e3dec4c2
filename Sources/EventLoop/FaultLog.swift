private import Synchronization
internal import Telemetry

/// Log lines about peers that misbehave, of which there can be any number: so many in a while, then a count of the rest.
final class FaultLog: Sendable {
    private struct State {
        var windowStart: Int64 = .min
        var written = 0
        var left = 0
    }

    private static let windowMilliseconds: Int64 = 10_000
    private static let linesMax = 50

    private let state = Mutex(State())
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func report(_ message: String, peer: String, reason: String, now: Int64) {
        flush(now: now)
        let isWritten = state.withLock { state in
            guard state.written < Self.linesMax else {
                state.left += 1
                return false
            }
            state.written += 1
            return true
        }
        if isWritten { logger.warning(message, ["peer": .value(peer), "reason": .value(reason)]) }
    }

    /// Begins a new window when the old one is over, and tells what was left out of it.
    func flush(now: Int64) {
        let left = state.withLock { state in
            guard state.windowStart == .min || now - state.windowStart >= Self.windowMilliseconds else { return 0 }
            defer { state = State(windowStart: now) }
            return state.left
        }
        if left > 0 { logger.warning("more connections closed or refused than are listed", ["count": .value(left)]) }
    }
}
