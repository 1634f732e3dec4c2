import EventLoop
import KafkaProtocol

/// Serves one API; called on the connection's loop.
protocol Handler: SendableMetatype {
    associatedtype Request: KafkaRequest
    associatedtype Response: WireStruct

    /// What clients are told; wider than what is served where a client's own checks need it.
    static var advertised: ClosedRange<Int16> { get }

    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault)
}

extension Handler {
    static var advertised: ClosedRange<Int16> { Request.layout.versions }
}

/// A handler that looks into the frame itself, which is valid during the call only.
protocol FrameHandling: Handler {
    static func handle(
        _ request: Request,
        frame: UnsafeRawBufferPointer,
        _ exchange: Exchange<Response>
    ) throws(ConnectionFault)
}

extension FrameHandling {
    static func handle(_ request: Request, _ exchange: Exchange<Response>) throws(ConnectionFault) {
        throw ConnectionFault("\(Request.layout.key.name) needs its frame")
    }
}
