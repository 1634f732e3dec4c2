public import Events
import Synchronization

/// Who takes what a call emits and how it ends; called from any thread.
package protocol AsyncCallHost: AnyObject, Sendable {
    func emit(_ output: OutputRecord, of call: AsyncCall) throws
    func ended(_ call: AsyncCall, _ failure: ProcessingError?)
    var now: Int64 { get }
}

/// The work for one record of an `AsyncProcessor`: takes its outputs and its end, from any thread.
public final class AsyncCall: Sendable {
    private struct State {
        var outputIndex = 0
        var isEnded = false
        var isCancelled = false
        var onCancel: (@Sendable () -> Void)?
    }

    /// The event that the work is for.
    public let cause: Envelope
    /// How often the record was tried before.
    public let retry: Int
    package let id: UInt
    private let processor: String
    private let outputTopics: Set<String>
    private let host: any AsyncCallHost
    private let state = Mutex(State())

    package init(
        id: UInt,
        record: OwnedRecord,
        retry: Int,
        definition: ProcessorDefinition,
        host: any AsyncCallHost
    ) {
        self.id = id
        self.retry = retry
        cause = record.envelope
        processor = definition.name
        outputTopics = Set(definition.outputs)
        self.host = host
    }

    /// Writes an event that the record causes, at once.
    ///
    /// The id is derived from the record's id, the processor's name and a running index, so that a call which is done
    /// again makes the same ids again. Outputs of one call are written in the order of these calls.
    ///
    /// - Parameters:
    ///   - event: The data.
    ///   - topic: One of the definition's `outputs`; nil is the topic of the event type.
    ///   - key: The ordering key; nil is the event's own.
    /// - Returns: The envelope of the new event.
    /// - Throws: `ProcessingError` when the call has ended or was cancelled, or when the log takes no more.
    @discardableResult
    public func emit<Payload: EventPayload>(
        _ event: Payload,
        to topic: String? = nil,
        key: String? = nil
    ) throws -> Envelope {
        let topic = topic ?? Payload.topic
        guard outputTopics.contains(topic) else {
            throw ProcessingError.permanent(
                "undeclared_output",
                "\(processor) writes to \(topic), which its definition does not name"
            )
        }
        let index: Int? = state.withLock { state in
            guard !state.isEnded, !state.isCancelled else { return nil }
            defer { state.outputIndex += 1 }
            return state.outputIndex
        }
        guard let index else { throw ProcessingError.transient("cancelled", "the call for \(cause.id) has ended") }
        let now = host.now
        let envelope = cause.caused(
            type: Payload.type,
            dataSchema: Payload.schemaID,
            processor: processor,
            index: index,
            time: now
        )
        let key = key ?? event.key(tenant: envelope.tenant)
        let output = OutputRecord(
            topic: topic,
            partition: nil,
            key: Array(key.utf8),
            value: event.bytes,
            headers: envelope.headers,
            timestamp: now
        )
        if let refusal = output.refusal { throw refusal }
        try host.emit(output, of: self)
        return envelope
    }

    /// Says that all outputs are emitted.
    ///
    /// Later calls do nothing.
    public func finish() { end(nil) }

    /// Says that the work failed: the runtime tries the record again or dead-letters it, as for a `Processor`.
    ///
    /// - Parameter error: `ProcessingError` to say what to do; errors of decoding are known; all others are permanent.
    public func fail(_ error: any Error) { end(ProcessingError(wrapping: error)) }

    /// Whether the outcome is not wanted any more: the partition went to another member, or the processor stops.
    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Sets what is called once when the call is cancelled, at once if it is so already.
    ///
    /// - Parameter handler: Must not block.
    public func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock {
            guard !$0.isEnded else { return false }
            if !$0.isCancelled { $0.onCancel = handler }
            return $0.isCancelled
        }
        if isCancelled { handler() }
    }

    package func cancel() {
        let handler: (@Sendable () -> Void)? = state.withLock { state in
            guard !state.isEnded, !state.isCancelled else { return nil }
            state.isCancelled = true
            defer { state.onCancel = nil }
            return state.onCancel
        }
        handler?()
    }

    private func end(_ failure: ProcessingError?) {
        let isFirst = state.withLock { state in
            defer {
                state.isEnded = true
                state.onCancel = nil
            }
            return !state.isEnded
        }
        if isFirst { host.ended(self, failure) }
    }
}
