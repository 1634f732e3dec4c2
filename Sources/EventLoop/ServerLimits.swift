/// What a listening socket lets its peers take.
package struct ServerLimits: Sendable, Equatable {
    /// The largest frame (`socket.request.max.bytes`).
    package var frameBytesMax = 100 << 20
    /// Connections at a time (`max.connections`); more are closed as they come.
    package var connectionsMax = 20_000
    /// A connection without traffic is closed after this time (`connections.max.idle.ms`).
    package var idleMilliseconds: Int64 = 600_000
    /// A peer that stops in the middle of a frame, or does not take its answers, is closed after this time.
    package var stallMilliseconds: Int64 = 60_000
    /// Requests of one connection that may wait for their answers.
    package var inFlightRequestsMax = 256
    /// Bytes of one connection's requests that may wait for their answers; one request is always taken.
    package var inFlightBytesMax = 32 << 20
    /// Bytes of unfinished requests over all connections, above which those that take more than their share are closed.
    package var inboxBytesMax = 256 << 20
    /// Bytes of answers that may wait for the peer before no further request of it is read.
    package var outputBytesMax = 1 << 20

    package init() {}
}
