/// Where a server listens and how much it takes.
package struct ServerSettings: Sendable {
    /// An IPv4 or IPv6 address.
    package var address = "127.0.0.1"
    /// 0 takes a free port.
    package var port: UInt16 = 8080
    package var threads = 2
    package var connectionsMax = 4096
    /// 0 is no limit.
    package var connectionsPerAddressMax = 0
    /// A longer body is answered 413 without being read.
    package var bodyBytesMax = 8 << 20
    /// Memory for the head of a request; a longer head is answered 431.
    package var headBytesMax = 32 << 10
    /// How long a connection may stay without a byte.
    package var idleSeconds = 60
    /// How long a body may take, from the end of the head to its last byte.
    package var bodySeconds = 60
    /// What a streamed answer holds for a client that reads slowly; a client that needs more counts as gone.
    package var streamBufferBytesMax = 1 << 20
    /// After so long without a byte a streamed answer gets a comment line, so that proxies keep it open; 0 never.
    package var streamCommentSeconds = 15

    package init() {}
}

/// Why a server cannot start.
package struct ServerError: Error, CustomStringConvertible {
    package let description: String
}
