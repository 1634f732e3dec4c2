/// What happens with the frames of one connection; made for it by the server's owner, called on its loop's thread.
package protocol FrameHandler: AnyObject {
    /// Takes one frame, without its length. The bytes are valid during the call only.
    ///
    /// Each frame must be answered exactly once through its responder, now or later, from any thread.
    /// - Throws: When the connection must be closed; nothing is answered then.
    func receive(_ frame: UnsafeRawBufferPointer, _ responder: Responder) throws(ConnectionFault)

    /// Enough is under way: no further frame is read until an answer has left.
    var isSaturated: Bool { get }

    /// The connection is gone; answers that come later are dropped.
    func closed()
}

extension FrameHandler {
    package var isSaturated: Bool { false }
}

/// Why a connection is closed from our side.
package struct ConnectionFault: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The right to answer one request; answers leave in the order of the requests, whatever order they come in.
package struct Responder: Sendable {
    package let connection: Connection
    let slot: UInt64

    /// Sends the bytes of one whole answer frame, its length included.
    ///
    /// From any thread, once.
    package func send(_ chunks: [OutputChunk]) { connection.complete(slot, chunks) }

    /// Closes the matter without an answer (produce with acks=0).
    package func sendNothing() { connection.complete(slot, []) }

    /// Sends the bytes of the last answer and closes the connection when they and those before have left.
    package func sendLast(_ chunks: [OutputChunk], _ fault: ConnectionFault) {
        connection.complete(slot, chunks, endingWith: fault)
    }

    /// Closes the connection instead of answering, and says why in the log.
    package func fail(_ fault: ConnectionFault) { connection.fail(fault) }
}
