import Glibc
import Synchronization

/// Sends HTTP requests from one thread of its own, keeping connections open between them.
///
/// Requests may be started from any thread.
package final class Client: Sendable {
    private let loop: ClientLoop
    private let thread: Mutex<pthread_t?>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - transfersMax: Requests at once; more are refused with `unavailable`.
    ///   - connectionsPerHostMax: Further requests to a host wait for a connection.
    /// - Throws: `ClientError.unavailable` when there is no thread or memory for it.
    package init(transfersMax: Int = 1024, connectionsPerHostMax: Int = 256) throws(ClientError) {
        loop = try ClientLoop(transfersMax: transfersMax, connectionsPerHostMax: connectionsPerHostMax)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(loop)
        guard pthread_create(&thread, nil, runClient, context.toOpaque()) == 0 else {
            context.release()
            throw .unavailable("no thread for the HTTP client")
        }
        self.thread = Mutex(thread)
    }

    deinit { stop() }

    /// Starts a request; its answer goes to the receiver.
    ///
    /// - Returns: A number to cancel it by. The receiver's `end` comes in any case, also when the request is refused.
    @discardableResult
    package func start(_ request: ClientRequest, _ receiver: any ResponseReceiver) -> UInt64 {
        loop.start(request, receiver)
    }

    /// Ends a request that is on its way, whose receiver gets `cancelled`; does nothing for one that has ended.
    package func cancel(_ number: UInt64) { loop.cancel(number) }

    /// Sends a request and waits for the whole answer; cancelling the task cancels the request.
    package func send(_ request: ClientRequest) async throws(ClientError) -> ClientResponse {
        let collector = Collector()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                collector.set(continuation)
                collector.started(as: start(request, collector), by: self)
            }
        } onCancel: {
            collector.cancel(by: self)
        }
        return try result.get()
    }

    /// Ends all requests with `unavailable` and the thread with them; not to be called from a receiver.
    package func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        loop.stop()
        pthread_join(running, nil)
    }
}

private func runClient(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<ClientLoop>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}

func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// Gathers an answer for a task that waits for it.
private final class Collector: ResponseReceiver {
    private struct State {
        var head: ResponseHead?
        var body: [UInt8] = []
        var continuation: CheckedContinuation<Result<ClientResponse, ClientError>, Never>?
        var number: UInt64?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func set(_ continuation: CheckedContinuation<Result<ClientResponse, ClientError>, Never>) {
        state.withLock { $0.continuation = continuation }
    }

    func started(as number: UInt64, by client: Client) {
        let isCancelled = state.withLock { state in
            state.number = number
            return state.isCancelled
        }
        if isCancelled { client.cancel(number) }
    }

    func cancel(by client: Client) {
        let number = state.withLock { state in
            state.isCancelled = true
            return state.number
        }
        if let number { client.cancel(number) }
    }

    func receive(head: ResponseHead) { state.withLock { $0.head = head } }
    func receive(bytes: UnsafeRawBufferPointer) { state.withLock { $0.body.append(contentsOf: bytes) } }

    func end(_ error: ClientError?) {
        let (continuation, result) = state.withLock { state in
            let result: Result<ClientResponse, ClientError>
            if let error {
                result = .failure(error)
            } else if let head = state.head {
                result = .success(ClientResponse(head: head, body: state.body))
            } else {
                result = .failure(.cutShort("no answer came"))
            }
            defer { state.continuation = nil }
            return (state.continuation, result)
        }
        continuation?.resume(returning: result)
    }
}
