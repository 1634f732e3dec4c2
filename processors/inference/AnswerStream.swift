import Clocks
import HTTPClient
import Synchronization

/// Brings an HTTP answer from the client's thread to the task that reads it, and watches the silence in between.
final class AnswerStream: ResponseReceiver {
    enum Event: Sendable {
        case head(ResponseHead)
        case bytes([UInt8])
        case end(ClientError?)
    }

    private struct State {
        var isHeadHere = false
        var lastNanoseconds: Int64
        var isSilent = false
    }

    /// Bounded by the longest answer that the request allows.
    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let clock = Clock.system
    private let state: Mutex<State>

    init() {
        (events, continuation) = AsyncStream.makeStream(of: Event.self)
        state = Mutex(State(lastNanoseconds: Clock.system.monotonicNanoseconds))
    }

    func receive(head: ResponseHead) {
        touch(isHead: true)
        continuation.yield(.head(head))
    }

    func receive(bytes: UnsafeRawBufferPointer) {
        touch(isHead: false)
        continuation.yield(.bytes(Array(bytes)))
    }

    func end(_ error: ClientError?) {
        continuation.yield(.end(state.withLock { $0.isSilent } ? .idleTimedOut : error))
        continuation.finish()
    }

    /// Returns when nothing came for too long: before the head `firstByte`, after it `idle`.
    ///
    /// - Returns: False when the task was cancelled before.
    func waitForSilence(firstByte: Int64, idle: Int64) async -> Bool {
        while true {
            let left = state.withLock { state in
                let limit = state.isHeadHere ? idle : firstByte
                return state.lastNanoseconds + limit * 1_000_000 - clock.monotonicNanoseconds
            }
            if left <= 0 { break }
            // The head may come meanwhile, and from then on the shorter limit counts.
            let nap = min(left, max(idle, 1) * 1_000_000)
            do { try await ModelThreads.shared.sleep(nanoseconds: nap) } catch { return false }
        }
        state.withLock { $0.isSilent = true }
        return true
    }

    private func touch(isHead: Bool) {
        let now = clock.monotonicNanoseconds
        state.withLock { state in
            state.lastNanoseconds = now
            if isHead { state.isHeadHere = true }
        }
    }
}
