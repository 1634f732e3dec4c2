import Clocks
import SomaStreams
import Synchronization

/// Drives an asynchronous processor in a test: the same queue as in the runtime, outputs in memory.
final class AsyncEngine: AsyncCallHost {
    private struct State {
        var outputs: [OutputRecord] = []
        var failures: [ProcessingError] = []
        var ended: [(UInt, ProcessingError?)] = []
    }

    let processor: any AsyncProcessor
    private let definition: ProcessorDefinition
    private let clock: Clock
    private let state = Mutex(State())
    /// Sendable holds: the test's thread alone uses it.
    private let queue: Confined

    private struct Confined: @unchecked Sendable {
        let queue: AsyncQueue
    }

    init(_ definition: ProcessorDefinition, _ limits: AsyncLimits, clock: Clock, processor: any AsyncProcessor) {
        self.definition = definition
        self.clock = clock
        self.processor = processor
        queue = Confined(queue: AsyncQueue(limits: limits, policy: definition.failure))
    }

    var now: Int64 { clock.wallMilliseconds }

    func emit(_ output: OutputRecord, of call: AsyncCall) {
        state.withLock { $0.outputs.append(output) }
    }

    func ended(_ call: AsyncCall, _ failure: ProcessingError?) {
        state.withLock { $0.ended.append((call.id, failure)) }
    }

    func take() -> (outputs: [OutputRecord], failures: [ProcessingError]) {
        state.withLock { state in
            defer {
                state.outputs = []
                state.failures = []
            }
            return (state.outputs, state.failures)
        }
    }

    func add(_ record: OwnedRecord) { queue.queue.add(record) }

    func settle(deadline: Duration) throws {
        let queue = queue.queue
        let last = ContinuousClock.now + deadline
        while !queue.isIdle {
            // Retries do not wait in a test.
            for entry in queue.takeReady(now: .max) {
                processor.start(
                    entry.record,
                    AsyncCall(
                        id: entry.id,
                        record: entry.record,
                        retry: entry.retry,
                        definition: definition,
                        host: self
                    )
                )
            }
            let ended = state.withLock { state in
                defer { state.ended = [] }
                return state.ended
            }
            for (id, failure) in ended { try end(id, failure, queue) }
            guard ContinuousClock.now < last else {
                throw ProcessingError.transient("deadline", "\(queue.count) records have not ended in \(deadline)")
            }
            if ended.isEmpty && !queue.isIdle { Pause.short() }
        }
    }

    private func end(_ id: UInt, _ failure: ProcessingError?, _ queue: AsyncQueue) throws {
        guard let failure else {
            queue.finished(id)
            queue.acknowledged(id)
            return
        }
        state.withLock { $0.failures.append(failure) }
        switch queue.failed(id, failure, now: now) {
        case .retry, .none: break
        case .stop(let failure): throw failure
        case .deadLetter(let entry):
            let letter = DeadLetter.record(entry.record, failure, processor: definition.name, now: now)
            state.withLock { $0.outputs.append(letter) }
            queue.acknowledged(id)
        }
    }
}
