import RdKafka
import Synchronization

/// Counts acknowledged outputs by tag, from the producer's delivery thread, for the processor's thread.
///
/// A tag stands for what must be in the log before a position is committed: an epoch of processing, or a call.
final class DeliveryLedger: Sendable {
    private struct State {
        var acknowledged: [UInt: Int] = [:]
        var failure: KafkaError?
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    /// Whether the processor's thread has nothing to do but wait for acknowledgements.
    let isAwaited = Atomic<Bool>(false)

    func take(_ reports: UnsafeBufferPointer<DeliveryReport>) {
        let wake: (@Sendable () -> Void)? = state.withLock { state in
            var index = 0
            while index < reports.count {
                let tag = reports[index].opaque
                var delivered = 0
                while index < reports.count, reports[index].opaque == tag {
                    if reports[index].isDelivered {
                        delivered += 1
                    } else if state.failure == nil {
                        state.failure = reports[index].error("write an output")
                    }
                    index += 1
                }
                state.acknowledged[tag, default: 0] += delivered
            }
            return state.wake
        }
        if isAwaited.load(ordering: .relaxed) { wake?() }
    }

    /// What was acknowledged since the last call.
    ///
    /// - Throws: The first failure; outputs are missing then and positions must not be committed.
    func takeAcknowledged() throws(KafkaError) -> [UInt: Int] {
        let (acknowledged, failure) = state.withLock { state in
            defer { state.acknowledged.removeAll(keepingCapacity: true) }
            return (state.acknowledged, state.failure)
        }
        if let failure { throw failure }
        return acknowledged
    }

    func setWake(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }
}
