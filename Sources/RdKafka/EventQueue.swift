import CRdKafka

/// A queue of librdkafka's events; its `deinit` gives it back.
///
/// Sendable holds: a queue may be polled and woken from different threads.
final class EventQueue: @unchecked Sendable {
    let pointer: OpaquePointer
    private let client: ClientHandle

    /// The queue on which a client reports.
    convenience init(main client: ClientHandle) {
        self.init(client, rd_kafka_queue_get_main(client.pointer))
    }

    /// A new queue for the answers to some calls.
    convenience init(new client: ClientHandle) {
        self.init(client, rd_kafka_queue_new(client.pointer))
    }

    init(_ client: ClientHandle, _ pointer: OpaquePointer?) {
        guard let pointer else { preconditionFailure("librdkafka gave no queue") }
        self.client = client
        self.pointer = pointer
    }

    deinit { rd_kafka_queue_destroy(pointer) }

    /// Takes the next event, which the caller destroys; nil when the time is over or `wake` was called.
    func poll(milliseconds: Int32) -> OpaquePointer? {
        rd_kafka_queue_poll(pointer, max(0, milliseconds))
    }

    /// Makes the poll that waits, or the next one, return.
    func wake() { rd_kafka_queue_yield(pointer) }
}
