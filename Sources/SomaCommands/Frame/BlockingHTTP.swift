import HTTPClient
import SomaNode

/// One HTTP request of a command, which has its thread to itself and may wait on it.
enum BlockingHTTP {
    struct Answer: Sendable {
        var status: Int
        var text: String
    }

    private final class Collector: ResponseReceiver {
        private let pieces = Mailbox<[UInt8]>()
        private let head = Latch<ResponseHead>()
        let result = Latch<Result<Answer, ClientError>>()

        func receive(head: ResponseHead) { self.head.set(head) }
        func receive(bytes: UnsafeRawBufferPointer) { pieces.put(Array(bytes)) }
        func end(_ error: ClientError?) {
            if let error { return result.set(.failure(error)) }
            pieces.put([])
            let body = pieces.takeAll().flatMap { $0 }
            result.set(.success(Answer(status: head.current?.status ?? 0, text: String(decoding: body, as: UTF8.self))))
        }
    }

    /// Sends a request and waits for its whole answer; the request's own deadlines bound the wait.
    static func send(_ request: ClientRequest) throws -> Answer {
        let client = try Client(transfersMax: 1)
        defer { client.stop() }
        let collector = Collector()
        client.start(request, collector)
        return try collector.result.wait().get()
    }
}
