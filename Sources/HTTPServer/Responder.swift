/// One request waiting for its answer, however the answer travels.
protocol Exchange: AnyObject, Sendable {
    /// Takes the answer; false when there was one already or the client is gone.
    func complete(_ response: Response) -> Bool
    /// Takes the head of a streamed answer; false as above.
    func beginStream(status: Int, headers: [(name: String, value: String)]) -> Bool
    func writeStream(_ bytes: [UInt8]) -> Bool
    func endStream()
    func onGone(_ callback: @escaping @Sendable () -> Void)
}

/// Answers one request, once, from any thread, at any time after the handler was called.
///
/// A responder that is let go without an answer answers 500, so that no client waits for ever.
package final class Responder: Sendable {
    private let exchange: any Exchange

    init(_ exchange: any Exchange) { self.exchange = exchange }

    deinit { _ = exchange.complete(.text(status: 500, "the request was not answered\n")) }

    /// Answers whole; false when the request was answered before or its client is gone.
    @discardableResult
    package func respond(_ response: Response) -> Bool { exchange.complete(response) }

    /// Begins an answer that is written piece by piece; nil when the request was answered before or its client is gone.
    package func stream(status: Int = 200, headers: [(String, String)]) -> ResponseStream? {
        guard exchange.beginStream(status: status, headers: headers.map { (name: $0.0, value: $0.1) }) else {
            return nil
        }
        return ResponseStream(exchange)
    }

    /// Sets what is called, once, on a thread of the server, when the client goes away before it has the whole answer.
    ///
    /// Called at once when it is gone already.
    package func onGone(_ callback: @escaping @Sendable () -> Void) { exchange.onGone(callback) }
}

/// An answer that is written piece by piece, from any thread; pieces that wait are sent together.
///
/// Letting the stream go ends the answer.
package final class ResponseStream: Sendable {
    private let exchange: any Exchange

    init(_ exchange: any Exchange) { self.exchange = exchange }

    deinit { exchange.endStream() }

    /// Adds bytes to the answer without waiting.
    ///
    /// A client that reads so slowly that the buffer is full counts as gone.
    ///
    /// - Returns: False when the stream has ended or the client is gone: nobody will read on.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool { exchange.writeStream(bytes) }

    /// Ends the answer after what was written; further writes are refused.
    package func end() { exchange.endStream() }
}
