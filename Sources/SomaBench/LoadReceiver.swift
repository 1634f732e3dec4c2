import HTTPClient
import Synchronization

/// Takes one answer and tells when its first byte came, when it ended, and whether it was the wanted status.
final class LoadReceiver: ResponseReceiver {
    struct Outcome: Sendable {
        var status = 0
        var firstByte: Double?
        var end = 0.0
        var error: ClientError?
    }

    private let outcome = Mutex(Outcome())
    private let onEnd: @Sendable (Outcome) -> Void

    init(_ onEnd: @escaping @Sendable (Outcome) -> Void) { self.onEnd = onEnd }

    func receive(head: ResponseHead) { outcome.withLock { $0.status = head.status } }

    func receive(bytes: UnsafeRawBufferPointer) {
        outcome.withLock { if $0.firstByte == nil { $0.firstByte = Wall.seconds } }
    }

    func end(_ error: ClientError?) {
        let ended = outcome.withLock { outcome in
            outcome.end = Wall.seconds
            outcome.error = error
            return outcome
        }
        onEnd(ended)
    }
}
