import Clocks
import RdKafka
import Synchronization

/// Takes outputs and ends of calls from any thread and keeps them for the processor's thread.
final class CallHost: AsyncCallHost {
    /// A call that ended, with the number of outputs it has written, tries before included.
    struct Ended {
        let id: UInt
        let failure: ProcessingError?
        let written: Int
    }

    private struct State {
        var written: [UInt: Int] = [:]
        var ended: [Ended] = []
    }

    private let writer: OutputWriter
    private let clock: Clock
    private let wake: @Sendable () -> Void
    private let state = Mutex(State())

    init(_ writer: OutputWriter, clock: Clock, wake: @escaping @Sendable () -> Void) {
        self.writer = writer
        self.clock = clock
        self.wake = wake
    }

    var now: Int64 { clock.wallMilliseconds }

    func emit(_ output: OutputRecord, of call: AsyncCall) throws {
        try write(output, id: call.id)
    }

    /// Writes an output that a record must wait for before it counts as done.
    func write(_ output: OutputRecord, id: UInt) throws {
        // Counted first: the acknowledgement may come before `write` returns.
        state.withLock { $0.written[id, default: 0] += 1 }
        do { try writer.write(output, tag: id) } catch {
            state.withLock { $0.written[id, default: 1] -= 1 }
            throw error
        }
    }

    func ended(_ call: AsyncCall, _ failure: ProcessingError?) {
        state.withLock { $0.ended.append(Ended(id: call.id, failure: failure, written: $0.written[call.id] ?? 0)) }
        wake()
    }

    func takeEnded() -> [Ended] {
        state.withLock { state in
            defer { state.ended.removeAll(keepingCapacity: true) }
            return state.ended
        }
    }

    func written(_ id: UInt) -> Int { state.withLock { $0.written[id] ?? 0 } }

    func forget(_ id: UInt) { state.withLock { $0.written[id] = nil } }
}
